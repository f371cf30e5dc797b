import LoyaltyCore
import ScanCodec
import StampAgent
import Testing

/// What the pages call while a member chooses what to redeem.
@Suite(.timeLimit(.minutes(2)))
struct RewardTests {
    @Test func `a member at the till is offered rewards, chooses one, and pays less`() async throws
    {
        try await withShop { shop in
            let client = try shop.client
            try await shop.attachMember(points: 10)

            let offered = try #require(await shop.counter.view(of: "1"))
            #expect(offered.offers.map(\.reward.id) == ["off"])
            let chosen = try await client.post(
                "/v1/till/1/choose",
                #"{"reward":"off","count":2}"#
            )
            #expect(chosen.status == 200)
            #expect(chosen.json["phase"] == "member-attached")
            #expect(
                chosen.json["offers"] == [
                    [
                        "reward": "off", "title": ["zh-Hant": "折 20 元", "en": "20 off"],
                        "cost": ["asset": "points", "amount": 4], "countMax": 2,
                        "pointsMax": .null, "value": .null, "needsBill": .bool(true),
                    ]
                ]
            )
            #expect(chosen.json["chosen"] == [["reward": "off", "count": 2, "points": .null]])
            #expect(!chosen.body.contains(Shop.member))

            let paid = try await client.post("/v1/till/1/amount", #"{"amount":100}"#)
            #expect(
                paid.json["redeemed"] == [
                    ["reward": "off", "count": 2, "cost": 8, "value": 40]
                ]
            )
            #expect(paid.json["due"] == 60)
            #expect(paid.json["chosen"] == [])
            #expect(paid.json["offers"] == [])
            #expect(paid.json["dropped"] == [])
        }
    }

    @Test func `the POS's sale carries what was chosen, and hears what was left out`() async throws
    {
        try await withShop(tills: ["1", "2"]) { shop in
            let client = try shop.client
            try await shop.attachMember(points: 4)
            _ = try await client.post("/v1/till/1/choose", #"{"reward":"off"}"#)
            _ = try await client.post(
                "/v1/sales",
                """
                {"key":"P2/1","member":"\(Shop.card)","amount":30,"till":"2",
                "redeem":[{"reward":"off"}]}
                """
            )

            let reply = try await client.post(
                "/v1/sales",
                #"{"key":"P1/1","amount":70,"till":"1"}"#
            )
            #expect(reply.json["decision"] == "award")
            #expect(reply.json["redeemed"] == nil)
            #expect(reply.json["dropped"] == [["reward": "off", "reason": "not-enough"]])
        }
    }

    @Test func `a choice of none drops it`() async throws {
        try await withShop { shop in
            let client = try shop.client
            try await shop.attachMember(points: 10)
            for none in ["count", "points"] {
                _ = try await client.post("/v1/till/1/choose", #"{"reward":"off"}"#)
                let reply = try await client.post(
                    "/v1/till/1/choose",
                    #"{"reward":"off","\#(none)":0}"#
                )
                #expect(reply.json["chosen"] == [], "\(none)")
            }
        }
    }

    @Test func `what needs a bill is not handed over, and the till says so`() async throws {
        try await withShop { shop in
            let client = try shop.client
            let nobody = try await client.post("/v1/till/1/redeem", "{}")
            #expect(nobody.json["code"] == "reward-without-member")
            try await shop.attachMember(points: 10)
            let nothing = try await client.post("/v1/till/1/redeem", "{}")
            #expect(nothing.json["code"] == "nothing-chosen")

            _ = try await client.post("/v1/till/1/choose", #"{"reward":"off"}"#)
            let reply = try await client.post("/v1/till/1/redeem", "{}")
            #expect(reply.json["phase"] == "refused")
            #expect(reply.json["code"] == "reward-needs-bill")
            #expect(reply.json["chosen"] == [["reward": "off", "count": 1, "points": .null]])
        }
    }

    @Test(arguments: [
        (#"{}"#, "reward"), (#"{"reward":"Off"}"#, "reward"), (#"{"reward":7}"#, "reward"),
        (#"{"reward":"off","count":-1}"#, "count"), (#"{"reward":"off","count":1.5}"#, "count"),
        (#"{"reward":"off","points":"9"}"#, "points"),
        (#"{"reward":"off","count":1,"points":1}"#, "points"),
        (#"{"reward":"off","member":"1"}"#, "member"),
    ])
    func `a choice that is not as documented names the field`(
        body: String,
        field: String
    ) async throws {
        try await withShop { shop in
            let reply = try await shop.client.post("/v1/till/1/choose", body)

            #expect(reply.status == 400)
            #expect(reply.json["field"]?.stringValue == field)
            #expect(await shop.counter.view(of: "1")?.number == 1)
        }
    }

    @Test func `a till that does not exist chooses nothing`() async throws {
        try await withShop { shop in
            let choice = try await shop.client.post("/v1/till/9/choose", #"{"reward":"off"}"#)
            let redeemed = try await shop.client.post("/v1/till/9/redeem", "{}")

            #expect([choice.status, redeemed.status] == [404, 404])
        }
    }
}

extension Shop {
    /// Lets the member earn so many points, and then come to the till.
    fileprivate func attachMember(points: Int64) async throws {
        _ = try await client.post(
            "/v1/sales",
            #"{"key":"start","member":"\#(Shop.card)","amount":\#(points * 35),"till":"1"}"#
        )
        let scan = Scan(
            bytes: Array(Shop.card.utf8),
            aim: nil,
            scanner: "test",
            completedAt: .zero
        )
        await counter.handle(scan, till: "1")
    }
}
