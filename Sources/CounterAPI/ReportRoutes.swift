import Hummingbird
import LoyaltyCore
import StampAgent

/// What a shop reads at the end of a shift.
struct ReportRoutes {
    let counter: Counter

    var all: [Route] { [.get("/v1/report", report)] }

    @Sendable private func report(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        let parameters = request.uri.queryParameters
        var date: BusinessDate?
        if let text = parameters["on"] {
            guard let named = BusinessDate(String(text)) else {
                throw CounterProblem.field("on", "must be a date such as 2026-11-22")
            }
            date = named
        }
        let till = parameters["till"].map { String($0) }
        if let till, !counter.tills.contains(till) {
            throw CounterProblem(.tillUnknown, "the configuration lists the tills")
        }
        do throws(CounterError) {
            return Response(json: try await counter.report(on: date, till: till).json)
        } catch {
            throw CounterProblem(error)
        }
    }
}

extension ShiftReport {
    /// The report, what came and what went apart.
    var json: CanonicalJSON {
        [
            "date": .string(date.description),
            "till": .optional(till),
            "sales": sales.json(came: "earned", went: "spent"),
            "redeemed": .array(redeemed.map(\.json)),
            "refunds": refunds.json(came: "givenBack", went: "takenBack"),
            "voids": voids.json(came: "givenBack", went: "takenBack"),
        ]
    }
}

extension ShiftReport.Sum {
    fileprivate func json(came: String, went: String) -> CanonicalJSON {
        func list(_ isMeant: (Int64) -> Bool) -> CanonicalJSON {
            .array(
                moved.filter { isMeant($0.amount) }.map {
                    AssetAmount($0.asset, abs($0.amount)).json
                }
            )
        }
        return .object([
            .init("count", .integer(count)), .init("amount", .integer(amount)),
            .init(came, list { $0 > 0 }), .init(went, list { $0 < 0 }),
        ])
    }
}
