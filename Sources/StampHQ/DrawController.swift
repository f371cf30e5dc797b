import Hummingbird
import LoyaltyCore
import NIOCore
import SyncWire

/// Draws, as operators announce, close and run them: only on the socket in HQ's data directory.
struct DrawController {
    let store: HQStore
    let seal: DrawSeal

    func addRoutes(to group: RouterGroup<some RequestContext>) {
        group.post("draws", use: announce)
        group.post("draws/{id}/closing", use: close)
        group.post("draws/{id}/outcome", use: run)
        group.get("draws/{id}/tickets", use: tickets)
        group.get("draws/{id}/entries/{number}", use: entry)
    }

    @Sendable
    private func announce(_ request: Request, context: some RequestContext) async throws
        -> Response
    {
        let json = try await request.canonicalJSON()
        guard let id = json["id"]?.stringValue,
            let prizes = json["prizes"]?.arrayValue?.map({ prize in
                DrawAnnouncementV1.Prize(
                    name: prize["name"]?.stringValue ?? "",
                    winnerCount: Int(prize["winners"]?.integerValue ?? 0)
                )
            }),
            let closesAtMs = json["closesAtMs"]?.integerValue,
            let date = json["date"]?.stringValue.flatMap({ BusinessDate($0) }),
            let winsOnce = json["winsOnce"]?.boolValue
        else {
            throw Problem(
                .badRequest,
                "Give id, prizes with name and winners, closesAtMs, date and winsOnce."
            )
        }
        let announcement = try await store.announce(
            DrawWish(
                id: id,
                prizes: prizes,
                closesAt: WallTime(unixMs: closesAtMs),
                date: date,
                winsOnce: winsOnce,
                publicSource: json["publicSource"]?.stringValue
            ),
            nonce: (0..<DrawSeal.nonceByteCount).map { _ in .random(in: 0...255) },
            seal: seal
        )
        return Response(json: announcement.bytes)
    }

    @Sendable
    private func close(_ request: Request, context: some RequestContext) async throws -> Response {
        let list = try await store.closeDraw(try Self.id(context), seal: seal)
        return Response([
            "sha256": .string(list.sha256),
            "lines": .integer(Int64(list.lineCount)),
            "tickets": .integer(list.ticketCount),
        ])
    }

    @Sendable
    private func run(_ request: Request, context: some RequestContext) async throws -> Response {
        let value = try await request.canonicalJSON()["publicValue"]?.stringValue
        let (proof, members) = try await store.runDraw(
            try Self.id(context),
            publicValue: value,
            seal: seal
        )
        return Response([
            "proof": .string(String(decoding: proof.bytes, as: UTF8.self)),
            "members": .array(members.map { .string($0.description) }),
        ])
    }

    /// The list as it is published; a million members have some 35 MB.
    @Sendable
    private func tickets(_ request: Request, context: some RequestContext) async throws -> Response
    {
        let list = try await store.ticketList(try Self.id(context))
        return Response(type: "text/plain; charset=us-ascii", json: list.bytes)
    }

    @Sendable
    private func entry(_ request: Request, context: some RequestContext) async throws -> Response {
        guard let member = context.parameters.get("number").flatMap({ MemberNumber($0) })
        else { throw Problem(.badRequest, "A member's number has 14 digits.") }
        return Response(
            try await store.drawEntry(of: member, in: try Self.id(context), seal: seal)
        )
    }

    private static func id(_ context: some RequestContext) throws -> String {
        guard let id = context.parameters.get("id") else {
            throw Problem(.badRequest, "Name a draw.")
        }
        return id
    }
}
