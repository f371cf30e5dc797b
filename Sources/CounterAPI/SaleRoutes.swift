import Hummingbird
import LoyaltyCore
import StampAgent

/// What a POS calls: sales, previews, voids and members.
struct SaleRoutes {
    let counter: Counter

    var all: [Route] {
        [
            .post("/v1/sales", record),
            .post("/v1/sales/preview", preview),
            .get("/v1/sales/{key}", sale),
            .post("/v1/sales/{key}/void", void),
            .get("/v1/members/{code}", member),
        ]
    }

    /// Records a sale; safe to send again, since the same key gets the first answer.
    @Sendable private func record(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        let sale = try await sale(from: request)
        return try await answer(sale, counter.recordSale)
    }

    /// Decides a sale as it stands and writes nothing.
    @Sendable private func preview(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        let sale = try await sale(from: request)
        return try await answer(sale, counter.previewSale)
    }

    /// The answer that a sale got, for whoever asks why.
    @Sendable private func sale(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        let key = try context.saleKey()
        do throws(CounterError) {
            if let recorded = try await counter.firstAnswer(to: key) {
                return Response(json: recorded.json(key: key))
            }
            return Response(json: VoidAnswer.refused(code: Refusal.saleUnknown.code).json(key: key))
        } catch {
            throw CounterProblem(error)
        }
    }

    /// Takes an award back; safe to send again.
    @Sendable private func void(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        _ = try await RequestFields(request, names: [])
        let key = try context.saleKey()
        do throws(CounterError) {
            return Response(json: try await counter.voidSale(key).json(key: key))
        } catch {
            throw CounterProblem(error)
        }
    }

    @Sendable private func member(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        let code = try context.segment("code")
        guard code.utf8.count <= RequestFields.memberCodeCharacterCountMax else {
            throw CounterProblem.field("code", "is longer than any member's code")
        }
        do throws(CounterError) {
            return Response(json: try await counter.member(code: code).json)
        } catch {
            throw CounterProblem(error)
        }
    }

    private func sale(from request: Request) async throws -> PosSale {
        let fields = try await RequestFields(
            request,
            names: RequestFields.detailNames.union(
                ["key", "member", "amount", "till", "businessDate", "occasion"]
            )
        )
        let reported = try fields.occasion()
        try fields.refuseBasket(of: reported.occasion)
        var details = try fields.details()
        details.occasion = reported.occasion
        return PosSale(
            key: try fields.saleKey("key"),
            memberCode: try fields.memberCode("member"),
            amount: reported.occasion.isPaid ? try fields.amount("amount") : nil,
            till: try till(try fields.optionalText("till")),
            businessDate: try fields.businessDate("businessDate"),
            details: details,
            friendCode: reported.friendCode,
            managerCode: reported.managerCode
        )
    }

    /// The till that a sale names; a store with one till need not name it.
    private func till(_ name: String?) throws(CounterProblem) -> String {
        if let name { return name }
        guard counter.tills.count == 1 else {
            throw .field("till", "is missing, and the store has several tills")
        }
        return counter.tills[0]
    }

    private func answer(
        _ sale: PosSale,
        _ ask: (PosSale) async throws(CounterError) -> SaleAnswer
    ) async throws(CounterProblem) -> Response {
        do throws(CounterError) {
            switch try await ask(sale) {
            case .recorded(let recorded): return Response(json: recorded.json(key: sale.key))
            case .waitingForMember:
                return Response(
                    .accepted,
                    json: ["decision": "waiting", "key": .string(sale.key.text)]
                )
            }
        } catch {
            throw CounterProblem(error)
        }
    }
}

extension CounterContext {
    /// The key that the address names.
    func saleKey() throws -> SaleKey {
        guard let key = SaleKey(try segment("key")) else {
            throw CounterProblem.field("key", "can be no sale's key")
        }
        return key
    }
}

extension CounterProblem {
    /// What the counter's error means to a caller.
    init(_ error: CounterError) {
        switch error {
        case .unknownMember(let reason):
            self.init(
                .memberUnknown,
                "scan the member's card again, or leave 'member' out and scan it at the till",
                extras: [.init("reason", .string(reason))]
            )
        case .unknownTill: self.init(.tillUnknown, "the configuration lists the tills")
        case .wrongField(let name, let detail): self = .field(name, detail)
        case .notApproved(let refusal):
            self.init(
                .notApproved,
                "\(refusal)",
                extras: [.init("reason", .string(refusal.rawValue))]
            )
        case .notRecorded(let reason, let detail):
            self.init(.notRecorded, detail, extras: [.init("reason", .string(reason))])
        }
    }
}
