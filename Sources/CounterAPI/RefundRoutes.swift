import Hummingbird
import LoyaltyCore
import StampAgent

/// What a POS calls when something comes back: parts of sales.
struct RefundRoutes {
    let counter: Counter

    var all: [Route] {
        [
            .post("/v1/sales/{key}/refund", refund),
            .get("/v1/refunds/{key}", answer),
        ]
    }

    /// Takes a part of an award back; safe to send again, since its key gets the first answer.
    @Sendable private func refund(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        let sale = try context.saleKey()
        let fields = try await RequestFields(
            request,
            names: ["refund", "amount", "lines", "member", "till", "businessDate"]
        )
        let refund = PosRefund(
            key: try fields.saleKey("refund"),
            of: sale,
            amount: try fields.amount("amount"),
            articles: try fields.articles(),
            memberCode: try fields.memberCode("member"),
            till: try fields.optionalText("till"),
            businessDate: try fields.businessDate("businessDate")
        )
        do throws(CounterError) {
            let answer = try await counter.refund(refund)
            return Response(json: answer.json(sale, refund: refund.key))
        } catch {
            throw CounterProblem(error)
        }
    }

    /// The answer that a refund got, for whoever asks why.
    @Sendable private func answer(
        _ request: Request,
        context: CounterContext
    ) async throws -> Response {
        let key = try context.saleKey()
        var refunded: RefundedSale?
        do throws(CounterError) {
            refunded = try await counter.firstAnswer(toRefund: key)
        } catch {
            throw CounterProblem(error)
        }
        guard let refunded
        else { throw CounterProblem(.notFound, "no refund is recorded under this key") }
        return Response(json: refunded.json(refund: key))
    }
}

extension RefundAnswer {
    /// The answer to a POS; the same for the first call and for every repeat of it.
    func json(_ sale: SaleKey, refund: SaleKey) -> CanonicalJSON {
        switch self {
        case .refunded(let refunded): refunded.json(refund: refund)
        case .refused(let refusal):
            [
                "decision": "refusal", "key": .string(sale.text), "refund": .string(refund.text),
                "entry": .null, "reason": .string(refusal.code),
                "detail": .object(refusal.details),
            ]
        }
    }
}

extension RefundedSale {
    /// The answer to a POS.
    func json(refund: SaleKey) -> CanonicalJSON {
        [
            "decision": "refund", "key": .string(key.text), "refund": .string(refund.text),
            "entry": .integer(entry), "amount": .integer(amount),
            "postings": .array(postings.map(\.json)), "owed": .array(owed.map(\.json)),
            "derivation": .array(derivation.map(\.json)), "member": member.json,
        ]
    }
}
