import LedgerDB
import StampAgent
import LoyaltyCore
import Testing

/// What a POS gets for its calls.
@Suite(.timeLimit(.minutes(2)))
struct SaleTests {
    @Test func `a sale with a member is recorded and explained`() async throws {
        try await withShop { shop in
            let reply = try await shop.client.post(
                "/v1/sales",
                #"{"key":"P1/7","member":"\#(Shop.card)","amount":215}"#
            )

            #expect(reply.status == 200)
            #expect(reply.headers["content-type"] == "application/json")
            #expect(reply.json["decision"] == "award")
            #expect(reply.json["key"] == "P1/7")
            #expect(
                reply.json["earned"] == [
                    ["asset": "stamps/latte", "through": .null, "amount": 1],
                    ["asset": "points", "through": .null, "amount": 6],
                ]
            )
            #expect(
                reply.json["derivation"] == [
                    ["step": "visit-stamped", "card": "latte", "stamps": 1],
                    [
                        "step": "amount-earned", "rule": "base", "asset": "points",
                        "amount": 215, "per": 35, "give": 1, "points": 6,
                    ],
                ]
            )
            #expect(reply.json["member"]?["number"] == .string(Shop.member))
            #expect(reply.json["member"]?["name"] == "王○明")
            #expect(reply.json["member"]?["points"] == 6)
            let newest = try await shop.counter.recentEntries(countMax: 1)
            #expect(reply.json["entry"]?.integerValue == newest.first?.sequence)
        }
    }

    @Test func `a member redeems a reward in a sale, and hears what is left to pay`() async throws {
        try await withShop { shop in
            let member = #""member":"\#(Shop.card)""#
            _ = try await shop.client.post("/v1/sales", #"{"key":"P1/7",\#(member),"amount":350}"#)
            let body = """
                {"key":"P1/8",\(member),"amount":100,"cashier":"anna","codes":["A"],"untaxed":95,
                "lines":[{"sku":"S1","gross":60,"categories":["tea"]},
                {"sku":"S2","gross":50,"net":40}],
                "redeem":[{"reward":"off"}]}
                """

            let preview = try await shop.client.post("/v1/sales/preview", body)
            let reply = try await shop.client.post("/v1/sales", body)

            #expect(preview.json["due"] == 80)
            #expect(reply.json["due"] == 80)
            #expect(
                reply.json["redeemed"]
                    == [["reward": "off", "count": 1, "cost": 4, "value": 20]]
            )
            #expect(
                reply.json["earned"] == [
                    ["asset": "points", "through": .null, "amount": 2],
                    ["asset": "points", "through": .null, "amount": -4],
                ]
            )
            #expect(reply.json["member"]?["points"] == 8)
            let refused = try await shop.client.post(
                "/v1/sales",
                #"{"key":"P1/9",\#(member),"amount":100,"redeem":[{"reward":"off","count":3}]}"#
            )
            #expect(refused.json["reason"] == "not-enough")
            #expect(refused.json["detail"]?["held"] == 8)
        }
    }

    @Test(arguments: [
        (#""lines":{}"#, "lines"), (#""lines":[1]"#, "lines"),
        (#""lines":[{"sku":"S1","gross":1,"price":2}]"#, "lines"),
        (#""lines":[{"sku":"S1"}]"#, "gross"), (#""lines":[{"sku":"","gross":1}]"#, "sku"),
        (#""redeem":[{"reward":"No Such"}]"#, "reward"), (#""codes":[1]"#, "codes"),
        (#""cashier":"a b""#, "cashier"), (#""orderDiscount":-1"#, "orderDiscount"),
        (#""payFromValue":"all""#, "payFromValue"), (#""paidWithPoints":-1"#, "paidWithPoints"),
        (#""cashiersOwn":1"#, "cashiersOwn"),
    ])
    func `what a POS writes wrong of a basket is named`(member: String, field: String)
        async throws
    {
        try await withShop { shop in
            let reply = try await shop.client.post(
                "/v1/sales",
                #"{"key":"P1/7","member":"\#(Shop.card)","amount":1,\#(member)}"#
            )

            #expect(reply.status == 400)
            #expect(reply.json["field"] == .string(field))
        }
    }

    @Test func `a list that is too long is refused, one at the limit is not`() async throws {
        try await withShop { shop in
            for (count, status) in [(20, 200), (21, 400)] {
                let codes = Array(repeating: #""A""#, count: count).joined(separator: ",")
                let reply = try await shop.client.post(
                    "/v1/sales",
                    """
                    {"key":"P1/\(count)","member":"\(Shop.card)","amount":35,"codes":[\(codes)]}
                    """
                )
                #expect(reply.status == status)
            }
        }
    }

    @Test func `the same key gets the first answer, byte for byte, and one entry`() async throws {
        try await withShop { shop in
            let body = #"{"key":"P1/7","member":"\#(Shop.card)","amount":215}"#
            let first = try await shop.client.post("/v1/sales", body)
            let entries = try await shop.counter.recentEntries(countMax: 100).count

            let second = try await shop.client.post("/v1/sales", body)

            #expect(second.status == 200)
            #expect(second.body == first.body)
            #expect(try await shop.counter.recentEntries(countMax: 100).count == entries)
        }
    }

    @Test func `a repeat over the Unix socket gets the same answer`() async throws {
        try await withShop { shop in
            let body = #"{"key":"P1/7","member":"\#(Shop.card)","amount":215}"#
            let first = try await shop.client.post("/v1/sales", body)

            #expect(try await shop.socketClient.post("/v1/sales", body).body == first.body)
        }
    }

    @Test func `a sale without a member waits for one at the till`() async throws {
        try await withShop { shop in
            let reply = try await shop.client.post("/v1/sales", #"{"key":"P1/7","amount":215}"#)

            #expect(reply.status == 202)
            #expect(reply.json == ["decision": "waiting", "key": "P1/7"])
            #expect(await shop.counter.view(of: "1")?.phase == .waitingForMember)
        }
    }

    @Test func `a preview answers the same and writes nothing`() async throws {
        try await withShop { shop in
            let entries = try await shop.counter.recentEntries(countMax: 100).count
            let body = #"{"key":"P1/7","member":"\#(Shop.member)","amount":215}"#

            let preview = try await shop.client.post("/v1/sales/preview", body)

            #expect(preview.status == 200)
            #expect(preview.json["entry"] == .null)
            #expect(try await shop.counter.recentEntries(countMax: 100).count == entries)
            #expect(await shop.counter.view(of: "1")?.phase == .idle)
            let sale = try await shop.client.post("/v1/sales", body)
            #expect(sale.json["earned"] == preview.json["earned"])
        }
    }

    @Test(arguments: [
        (#"{"key":"a","member":"00000000000123","amount":100001}"#, "amount-above-max"),
        (
            #"{"key":"a","member":"00000000000123","amount":1,"businessDate":"9999-01-01"}"#,
            "programme-not-in-force"
        ),
    ])
    func `a refusal of the programme is an answer, not an error`(
        body: String,
        reason: String
    ) async throws {
        try await withShop { shop in
            let reply = try await shop.client.post("/v1/sales", body)

            #expect(reply.status == 200)
            #expect(reply.json["decision"] == "refusal")
            #expect(reply.json["reason"] == .string(reason))
            #expect(reply.json["entry"] == .null)
        }
    }

    @Test func `a void takes the award back, once`() async throws {
        try await withShop { shop in
            let client = try shop.client
            _ = try await client.post(
                "/v1/sales",
                #"{"key":"P1/7:a","member":"\#(Shop.card)","amount":215}"#
            )

            let first = try await client.post("/v1/sales/P1%2F7%3Aa/void", "{}")
            let second = try await client.post("/v1/sales/P1%2F7:a/void", "")

            #expect(first.status == 200)
            #expect(first.json["decision"] == "voided")
            #expect(first.json["key"] == "P1/7:a")
            #expect(second.body == first.body)
            #expect(try await client.get("/v1/members/\(Shop.member)").json["points"] == 0)
        }
    }

    @Test func `a void of a sale that nobody knows is refused`() async throws {
        try await withShop { shop in
            let reply = try await shop.client.post("/v1/sales/nobody/void", "{}")

            #expect(reply.status == 200)
            #expect(reply.json["decision"] == "refusal")
            #expect(reply.json["reason"] == "sale-unknown")
        }
    }

    @Test(arguments: [Shop.card, Shop.member])
    func `a member is found by card and by number`(code: String) async throws {
        try await withShop { shop in
            let reply = try await shop.client.get("/v1/members/\(code)")

            #expect(reply.status == 200)
            #expect(reply.json["number"] == .string(Shop.member))
            #expect(reply.json["name"] == "王○明")
            #expect(reply.json["cards"]?.arrayValue?.first?["size"] == 10)
        }
    }

    @Test(arguments: [
        ("40000000000012364", "check-digits-wrong"),
        ("hello", "unknown-code"),
        ("%2FABC1234", "mobile-barcode-not-linked"),
        ("%00", "control-characters"),
        ("4711006123451", "not-a-member-code"),
    ])
    func `a code that names no member says why`(code: String, reason: String) async throws {
        try await withShop { shop in
            let reply = try await shop.client.get("/v1/members/\(code)")

            #expect(reply.status == 404)
            #expect(reply.problem == "member-unknown")
            #expect(reply.json["reason"]?.stringValue != nil)
            if code != "4711006123451" { #expect(reply.json["reason"] == .string(reason)) }
        }
    }

    @Test func `a ledger that does not record is a problem worth a retry`() async throws {
        try await withShop { shop in
            await shop.ledger.close()

            let reply = try await shop.client.post(
                "/v1/sales",
                #"{"key":"P1/7","member":"\#(Shop.card)","amount":215}"#
            )

            #expect(reply.status == 503)
            #expect(reply.problem == "not-recorded")
            #expect(reply.json["reason"] == "closed")
            #expect(reply.headers["retry-after"] == "5")
            #expect(await shop.counter.view(of: "1")?.phase == .notRecorded(code: "closed"))
        }
    }
}
