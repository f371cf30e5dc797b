import Crypto
import Hummingbird
import LoyaltyCore
import SyncWire

/// What operators read, over the network with the administrator's token or on the local socket.
struct OperatorController {
    let store: HQStore

    func addRoutes(to group: RouterGroup<some RequestContext>) {
        group.get("devices") { _, _ in Response(try await store.devices()) }
        group.get("members/{number}/balances", use: balances)
        group.get("entries", use: entries)
        group.get("alarms") { _, _ in Response(try await store.alarms()) }
        group.get("quarantine") { _, _ in Response(try await store.quarantine()) }
        group.get("differences", use: differences)
        group.get("recoveries", use: recoveries)
        group.get("programmes") { _, _ in Response(try await store.programmes()) }
        group.get("members/{number}/rights", use: rights)
        group.get("grants", use: grants)
        group.get("draws") { _, _ in Response(try await store.draws()) }
    }

    @Sendable
    private func balances(_ request: Request, context: some RequestContext) async throws -> Response
    {
        guard let number = context.parameters.get("number").flatMap({ MemberNumber($0) })
        else { throw Problem(.badRequest, "A member's number has 14 digits.") }
        let balances = try await store.balances(of: number)
        let member = try await store.member(number)
        guard member != nil || !balances.isEmpty
        else { throw Problem(.notFound, "No member has this number.") }
        return Response([
            "name": member.map { .string($0.maskedName) } ?? .null,
            "isBlocked": .bool(member?.isBlocked ?? false),
            "balances": .array(
                balances.map { balance in
                    [
                        "asset": .string(balance.asset.name),
                        "through": .string(balance.bucket.description),
                        "amount": .integer(balance.amount),
                    ]
                }
            ),
        ])
    }

    @Sendable
    private func entries(_ request: Request, context: some RequestContext) async throws -> Response
    {
        let parameters = request.uri.queryParameters
        guard let device = parameters["device"].flatMap({ DeviceID(String($0)) }),
            let after = Int64(parameters["after"] ?? "0"), after >= 0,
            let limit = Int64(parameters["limit"] ?? "100"), limit >= 1,
            let epoch = Int64(parameters["epoch"] ?? "0"), epoch >= 0
        else {
            throw Problem(
                .badRequest,
                "Give device=, after= (from 0) and limit= (from 1), and epoch= for an earlier one."
            )
        }
        return Response(
            try await store.entries(
                of: device,
                epoch: epoch > 0 ? epoch : nil,
                after: after,
                limit: limit
            )
        )
    }
}

extension OperatorController {
    @Sendable
    private func rights(_ request: Request, context: some RequestContext) async throws -> Response {
        guard let number = context.parameters.get("number").flatMap({ MemberNumber($0) })
        else { throw Problem(.badRequest, "A member's number has 14 digits.") }
        return Response(try await store.rights(of: number))
    }

    @Sendable
    private func grants(_ request: Request, context: some RequestContext) async throws -> Response {
        let parameters = request.uri.queryParameters
        guard let after = Int64(parameters["after"] ?? "0"), after >= 0,
            let limit = Int64(parameters["limit"] ?? "100"), limit >= 1
        else { throw Problem(.badRequest, "Give after= (from 0) and limit= (from 1).") }
        return Response(try await store.grantsInFlight(after: after, limit: limit))
    }

    @Sendable
    private func differences(_ request: Request, context: some RequestContext) async throws
        -> Response
    {
        let parameters = request.uri.queryParameters
        let device = parameters["device"].map { DeviceID(String($0)) }
        guard device != .some(nil), let after = Int64(parameters["after"] ?? "0"), after >= 0,
            let limit = Int64(parameters["limit"] ?? "100"), limit >= 1
        else {
            throw Problem(
                .badRequest,
                "Give after= (from 0), limit= (from 1), and device= for one device only."
            )
        }
        return Response(
            try await store.differences(of: device ?? nil, after: after, limit: limit)
        )
    }
}

extension OperatorController {
    @Sendable
    private func recoveries(_ request: Request, context: some RequestContext) async throws
        -> Response
    {
        let parameters = request.uri.queryParameters
        guard let from = BusinessDate(String(parameters["from"] ?? "0001-01-01")),
            let through = BusinessDate(String(parameters["through"] ?? "9999-12-31")),
            from <= through,
            let after = Int64(parameters["after"] ?? "0"), after >= 0,
            let limit = Int64(parameters["limit"] ?? "100"), limit >= 1
        else {
            throw Problem(
                .badRequest,
                "Give from= and through= as 2026-01-31, after= (from 0) and limit= (from 1)."
            )
        }
        return Response(
            try await store.recoveries(on: from...through, after: after, limit: limit)
        )
    }
}

/// Lets only those pass who know the administrator's token.
struct TokenMiddleware<Context: RequestContext>: RouterMiddleware {
    private let digest: SHA256Digest

    init(token: [UInt8]) {
        digest = SHA256.hash(data: Array(Hex.text(token).utf8))
    }

    @concurrent func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let given = request.field("authorization") ?? ""
        // Digests are compared, so that the time it takes tells nothing of the token.
        guard given.hasPrefix("Bearer "),
            SHA256.hash(data: Array(given.dropFirst("Bearer ".count).utf8)) == digest
        else {
            throw Problem(.tokenInvalid, "Send Authorization: Bearer and the token of admin.token.")
        }
        return try await next(request, context)
    }
}
