import LoyaltyCore
import StampAgent
import Testing

/// What a POS hears when something comes back.
@Suite(.timeLimit(.minutes(1)))
struct RefundTests {
    private static let sale =
        #"{"key":"P1/7","member":"\#(Shop.card)","amount":350,"#
        + #""lines":[{"sku":"T1","thousandths":2000,"gross":200},{"sku":"B1","gross":150}]}"#

    @Test func `a refund takes its share back, says how, and again says the same`() async throws {
        try await withShop { shop in
            let client = try shop.client
            let sold = try await client.post("/v1/sales", Self.sale)
            let body = #"{"refund":"R/1","amount":175,"lines":[{"sku":"B1"}]}"#
            let first = try await client.post("/v1/sales/P1%2F7/refund", body)
            let second = try await client.post("/v1/sales/P1%2F7/refund", body)

            #expect(first.status == 200)
            #expect(first.json["decision"] == "refund")
            #expect(first.json["key"] == "P1/7" && first.json["refund"] == "R/1")
            #expect(first.json["amount"] == 175)
            #expect(
                first.json["postings"] == [["asset": "points", "through": .null, "amount": -5]]
            )
            #expect(first.json["owed"] == [])
            #expect(first.json["derivation"]?.arrayValue?.first?["step"] == "taken-back")
            #expect(first.json["member"]?["points"] == 5)
            #expect(second.body == first.body)
            #expect(try await client.get("/v1/refunds/R%2F1").body == first.body)
            let number = try #require(first.json["entry"]?.integerValue)
            let entry = try await client.get("/v1/entries/\(number)").json
            #expect(entry["type"] == "refund" && entry["refund"] == "R/1")
            #expect(entry["refunds"] == sold.json["entry"] && entry["amount"] == 175)
            #expect(entry["till"] == "1" && entry["owed"] == [])
        }
    }

    @Test func `the till that shows the award shows what was taken back of it`() async throws {
        try await withShop(tills: ["1", "2"]) { shop in
            let client = try shop.client
            let sold = #"{"key":"P1/7","member":"\#(Shop.card)","amount":350,"till":"2"}"#
            _ = try await client.post("/v1/sales", sold)
            for (number, points) in [(1, Int64(-1)), (2, -2)] {
                let body = #"{"refund":"R/\#(number)","amount":\#(35 * number)}"#
                let answer = try await client.post("/v1/sales/P1%2F7/refund", body)
                let view = try #require(await shop.counter.view(of: "2"))
                let entry = try #require(answer.json["entry"]?.integerValue)
                guard case .refunded(let moved, entry, _) = view.phase
                else { return #expect(Bool(false), "\(view.phase)") }
                #expect(moved == [Posting(.points, .never, points)])
                #expect(view.amount == Int64(35 * number))
                #expect(await shop.counter.view(of: "1")?.phase == .idle)
            }
            _ = try await client.post("/v1/sales/P1%2F7/void", "{}")
            guard case .voided? = await shop.counter.view(of: "2")?.phase
            else { return #expect(Bool(false)) }
        }
    }

    @Test(arguments: [
        ("P1/9", #"{"refund":"R/1","amount":1}"#, "sale-unknown"),
        ("P1/7", #"{"refund":"R/1","amount":351}"#, "refund-above-sale"),
        ("P1/7", #"{"refund":"R/1","amount":1,"member":"00000000000124"}"#, "sale-of-other-member"),
        (
            "P1/7", #"{"refund":"R/1","amount":1,"lines":[{"sku":"X"}]}"#, "refund-above-sale"
        ),
        ("P1/8", #"{"refund":"R/0","amount":1}"#, "refund-of-other-sale"),
    ])
    func `what cannot be refunded is an answer, not an error`(
        sale: String,
        body: String,
        reason: String
    ) async throws {
        try await withShop { shop in
            let client = try shop.client
            _ = try await client.post("/v1/sales", Self.sale)
            let other = #"{"key":"P1/8","member":"\#(Shop.card)","amount":35}"#
            _ = try await client.post("/v1/sales", other)
            _ = try await client.post(
                "/v1/sales/P1%2F7/refund",
                #"{"refund":"R/0","amount":0}"#
            )
            let key = sale.replacing("/", with: "%2F")
            let reply = try await client.post("/v1/sales/\(key)/refund", body)

            #expect(reply.status == 200)
            #expect(reply.json["decision"] == "refusal")
            #expect(reply.json["reason"] == .string(reason))
            #expect(reply.json["entry"] == .null)
            if sale == "P1/7", reason == "refund-above-sale" {
                #expect(reply.json["detail"]?["left"] == 350)
            }
        }
    }

    @Test(arguments: [
        (#"{"amount":1}"#, "refund"), (#"{"refund":"R 1","amount":1}"#, "refund"),
        (#"{"refund":"R/1"}"#, "amount"), (#"{"refund":"R/1","amount":-1}"#, "amount"),
        (#"{"refund":"R/1","amount":1.5}"#, "amount"),
        (#"{"refund":"R/1","amount":1,"lines":{}}"#, "lines"),
        (#"{"refund":"R/1","amount":1,"lines":[{"sku":"A","net":1}]}"#, "lines"),
        (#"{"refund":"R/1","amount":1,"lines":[{"thousandths":1}]}"#, "sku"),
        (#"{"refund":"R/1","amount":1,"lines":[{"sku":"A","thousandths":0}]}"#, "thousandths"),
        (#"{"refund":"R/1","amount":1,"why":"cold"}"#, "why"),
        (#"{"refund":"R/1","amount":1,"businessDate":"today"}"#, "businessDate"),
    ])
    func `what a POS writes wrong of a refund is named`(body: String, field: String)
        async throws
    {
        try await withShop { shop in
            let reply = try await shop.client.post("/v1/sales/P1%2F7/refund", body)

            #expect(reply.status == 400)
            #expect(reply.json["field"] == .string(field))
        }
    }

    @Test func `a refund that nobody knows, and a till that is none, are not found`() async throws {
        try await withShop { shop in
            let client = try shop.client
            let unknown = try await client.get("/v1/refunds/R%2F1")
            #expect(unknown.status == 404 && unknown.problem == "not-found")
            let body = #"{"refund":"R/1","amount":1,"till":"9"}"#
            let reply = try await client.post("/v1/sales/P1%2F7/refund", body)
            #expect(reply.status == 404 && reply.problem == "till-unknown")
        }
    }

    @Test func `a day's report tells sales and what came back apart, by till`() async throws {
        try await withShop(tills: ["1", "2"]) { shop in
            let client = try shop.client
            for (key, till) in [("P1/1", "1"), ("P1/2", "2"), ("P1/3", "2")] {
                let sale =
                    #"{"key":"\#(key)","member":"\#(Shop.card)","amount":350,"till":"\#(till)"}"#
                _ = try await client.post("/v1/sales", sale)
            }
            let redeeming =
                #"{"key":"P1/4","member":"\#(Shop.card)","amount":20,"till":"1","#
                + #""redeem":[{"reward":"off"}]}"#
            _ = try await client.post("/v1/sales", redeeming)
            _ = try await client.post(
                "/v1/sales/P1%2F1/refund",
                #"{"refund":"R/1","amount":100,"till":"2"}"#
            )
            _ = try await client.post("/v1/sales/P1%2F3/void", "{}")

            let all = try await client.get("/v1/report").json
            #expect(all["date"] == "2026-11-22" && all["till"] == .null)
            #expect(all["sales"]?["count"] == 4 && all["sales"]?["amount"] == 1_070)
            #expect(all["sales"]?["spent"] == [["asset": "points", "amount": 4]])
            #expect(
                all["redeemed"] == [["reward": "off", "count": 1, "cost": 4, "value": 20]]
            )
            #expect(all["refunds"]?["count"] == 1 && all["refunds"]?["amount"] == 100)
            #expect(all["refunds"]?["takenBack"] == [["asset": "points", "amount": 2]])
            #expect(all["voids"]?["count"] == 1)
            let second = try await client.get("/v1/report?till=2&on=2026-11-22").json
            #expect(second["sales"]?["count"] == 2 && second["redeemed"] == [])
            #expect(second["refunds"]?["count"] == 1 && second["voids"]?["count"] == 1)
            let first = try await client.get("/v1/report?till=1").json
            #expect(first["refunds"]?["count"] == 0 && first["voids"]?["count"] == 0)
            let before = try await client.get("/v1/report?on=2026-11-21").json
            #expect(before["sales"]?["count"] == 0)
            #expect(try await client.get("/v1/report?on=today").json["field"] == "on")
            #expect(try await client.get("/v1/report?till=9").problem == "till-unknown")
        }
    }
}
