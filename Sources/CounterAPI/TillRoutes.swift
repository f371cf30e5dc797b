import Hummingbird
import LoyaltyCore
import StampAgent

/// What the cashier's page does at a till, and what it reads of the agent.
struct TillRoutes {
    let counter: Counter

    /// Most entries of one answer.
    ///
    /// Source: our own bound; the cashier's page shows five.
    static let entryCountMax = 100

    /// Entries of an answer if the call names no number.
    static let entryCountUsual = 5

    var all: [Route] {
        [
            .post("/v1/till/{till}/amount", amount),
            .post("/v1/till/{till}/cancel", cancel),
            .post("/v1/till/{till}/undo", undo),
            .post("/v1/till/{till}/choose", choose),
            .post("/v1/till/{till}/redeem", redeem),
            .get("/v1/status", status),
            .get("/v1/entries", entries),
            .get("/v1/entries/{entry}", entry),
            .get("/health", health),
        ]
    }

    @Sendable private func amount(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        let fields = try await RequestFields(request, names: ["amount"])
        let till = try till(context)
        let amount = try fields.amount("amount")
        await counter.keyAmount(amount, till: till)
        return try await view(of: till)
    }

    @Sendable private func cancel(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        _ = try await RequestFields(request, names: [])
        let till = try till(context)
        await counter.cancel(till: till)
        return try await view(of: till)
    }

    @Sendable private func undo(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        _ = try await RequestFields(request, names: [])
        let till = try till(context)
        await counter.undo(till: till)
        return try await view(of: till)
    }

    @Sendable private func choose(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        let fields = try await RequestFields(request, names: ["reward", "count", "points"])
        let till = try till(context)
        let reward = try fields.reward("reward")
        await counter.choose(try choice(fields), of: reward, till: till)
        return try await view(of: till)
    }

    /// How much is chosen: a count, or points to pay with.
    private func choice(_ fields: RequestFields) throws(CounterProblem) -> RewardChoice {
        let count = try fields.optionalAmount("count")
        guard let points = try fields.optionalAmount("points") else { return .count(count ?? 1) }
        guard count == nil else {
            throw .field("points", "does not go with 'count': send one of them")
        }
        return .units(points)
    }

    @Sendable private func redeem(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        _ = try await RequestFields(request, names: [])
        let till = try till(context)
        await counter.redeem(till: till)
        return try await view(of: till)
    }

    @Sendable private func status(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        Response(json: await counter.status().json(programme: counter.programme))
    }

    @Sendable private func entries(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        let limit = try limit(request.uri.queryParameters["limit"])
        do throws(CounterError) {
            let entries = try await counter.recentEntries(countMax: limit)
            return Response(json: ["entries": .array(entries.map(\.json))])
        } catch {
            throw CounterProblem(error)
        }
    }

    @Sendable private func entry(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        guard let sequence = Int64(try context.segment("entry")), sequence > 0 else {
            throw CounterProblem.field("entry", "must be the number of an entry")
        }
        let entry: Entry?
        do throws(CounterError) {
            entry = try await counter.entry(sequence)
        } catch {
            throw CounterProblem(error)
        }
        guard let entry else {
            throw CounterProblem(.notFound, "the log does not hold this entry, or no longer")
        }
        return Response(json: entry.json)
    }

    /// Says that the agent answers; whether all is well is for `/v1/status`.
    @Sendable private func health(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        Response(json: ["status": "ok"])
    }

    private func limit(_ text: Substring?) throws(CounterProblem) -> Int {
        guard let text else { return Self.entryCountUsual }
        guard let limit = Int(text), (1...Self.entryCountMax).contains(limit) else {
            throw .field("limit", "must be 1 to \(Self.entryCountMax)")
        }
        return limit
    }

    private func till(_ context: CounterContext) throws(CounterProblem) -> String {
        let till = try context.segment("till")
        guard counter.tills.contains(till) else { throw CounterProblem(.unknownTill) }
        return till
    }

    private func view(of till: String) async throws -> Response {
        guard let view = await counter.view(of: till) else { throw CounterProblem(.unknownTill) }
        return Response(json: view.json)
    }
}
