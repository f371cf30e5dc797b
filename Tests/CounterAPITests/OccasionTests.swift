import Documents
import LedgerDB
import LoyaltyCore
import ScanCodec
import StampAgent
import Testing

/// What members do beside buying, as a POS reports it, under the programmes that we ship.
@Suite(.timeLimit(.minutes(2)))
struct OccasionTests {
    private static let secret = Array("12345678901234567890".utf8)
    private static let friend = "00000000000124"

    // MARK: The programmes that we ship

    @Test func `check-in: a point a day, and once a day`() async throws {
        try await withShop(programme: preset("check-in")) { shop in
            for (day, points) in [("20", Int64(1)), ("21", 1), ("22", 3)] {
                let body = sale(
                    "C/\(day)",
                    #""occasion":{"kind":"checkIn"},"businessDate":"2026-11-\#(day)""#
                )
                let preview = try await shop.client.post("/v1/sales/preview", body)
                let reply = try await shop.client.post("/v1/sales", body)

                #expect(preview.json["entry"] == .null)
                #expect(preview.json["earned"] == reply.json["earned"])
                #expect(reply.earned == points, "\(reply.body)")
                #expect(try await shop.client.post("/v1/sales", body).body == reply.body)
            }
            let again = try await shop.client.post(
                "/v1/sales",
                sale("C/again", #""occasion":{"kind":"checkIn"},"businessDate":"2026-11-22""#)
            )
            #expect(again.json["reason"] == "already-checked-in")
        }
    }

    @Test func `friends: both get points at the friend's first purchase, once`() async throws {
        try await withShop(programme: preset("friend-sharing")) { shop in
            try await shop.know(Self.friend, Profile(birthday: nil, isReferred: true))
            let bought = try await shop.client.post(
                "/v1/sales",
                #"{"key":"P1/1","member":"\#(Self.friend)","amount":300}"#
            )
            #expect(bought.earned == 53)

            let step =
                #""occasion":{"kind":"referral","step":"firstSale","friend":"\#(Self.friend)"}"#
            let key = "referral/firstSale/\(Self.friend)"
            let other = try await shop.client.post("/v1/sales", sale("P1/2", step))
            #expect(other.status == 400)
            #expect(other.json["field"] == "key")
            #expect(other.json["detail"]?.stringValue?.contains(key) == true)
            let invited = try await shop.client.post("/v1/sales", sale(key, step))
            #expect(invited.earned == 100)
            #expect(try await shop.client.post("/v1/sales", sale(key, step)).body == invited.body)

            let second = try await shop.client.post(
                "/v1/sales",
                #"{"key":"P1/3","member":"\#(Self.friend)","amount":300}"#
            )
            #expect(second.earned == 3)
        }
    }

    @Test func `friends: whom nobody invited gets nothing for it, and nobody invites themselves`()
        async throws
    {
        try await withShop(programme: preset("friend-sharing")) { shop in
            let bought = try await shop.client.post("/v1/sales", sale("P1/1", #""amount":300"#))
            #expect(bought.earned == 3)

            let own = try await shop.client.post(
                "/v1/sales",
                sale(
                    "referral/firstSale/\(Shop.member)",
                    #""occasion":{"kind":"referral","step":"firstSale","friend":"\#(Shop.member)"}"#
                )
            )
            #expect(own.status == 400)
            #expect(own.json["field"] == "friend")
            let nobody = try await shop.client.post(
                "/v1/sales",
                """
                {"key":"referral/firstSale/\(Self.friend)",
                "occasion":{"kind":"referral","step":"firstSale","friend":"\(Self.friend)"}}
                """
            )
            #expect(nobody.json["field"] == "member")
        }
    }

    @Test func `vote: three points and a ticket, and no second vote`() async throws {
        try await withShop(programme: preset("vote")) { shop in
            let vote = { (option: String) in
                #""occasion":{"kind":"vote","vote":"flavour","option":"\#(option)"}"#
            }
            let first = try await shop.client.post("/v1/sales", sale("V/1", vote("taro")))
            #expect(
                first.json["earned"]?.arrayValue?.compactMap { $0["asset"]?.stringValue }.sorted()
                    == ["points", "ticket/flavour"]
            )
            let second = try await shop.client.post("/v1/sales", sale("V/2", vote("sesame")))
            #expect(second.json["reason"] == "already-voted")
            guard
                case .award(let fact)? = try await shop.counter.recentEntries(countMax: 1).first?
                    .fact
            else { return #expect(Bool(false), "no award") }
            #expect(fact.sale.details.occasion == .vote("flavour", option: "taro"))
        }
    }

    @Test func `stored value: a top-up with its bonus, and a sale that is paid from it`()
        async throws
    {
        try await withShop(programme: preset("stored-value")) { shop in
            let topUp = try await shop.client.post(
                "/v1/sales",
                sale("T/1", #""occasion":{"kind":"topUp"},"amount":3000"#)
            )
            let amounts = (topUp.json["earned"]?.arrayValue ?? []).map {
                [$0["asset"] ?? .null, $0["amount"] ?? .null]
            }
            #expect(amounts.contains(["value/paid", 3000]))
            #expect(amounts.contains(["value/bonus", 450]))

            let paid = try await shop.client.post(
                "/v1/sales",
                sale("P1/1", #""amount":800,"payFromValue":800"#)
            )
            #expect(paid.json["decision"] == "award")
            let left = try await shop.ledger.member(try #require(MemberNumber(Shop.member)))
                .standing
            #expect(left.balance(of: .bonusValue) == 0)
            #expect(left.balance(of: .paidValue) == 2_650)
        }
    }

    @Test func `service recovery: a manager's code, a reason, and each code once`() async throws {
        let manager = try #require(Manager(id: "anna", secret: Self.secret))
        let code = try #require(TOTP(key: Self.secret)?.code(at: clockReading.wall))
        try await withShop(programme: preset("service-recovery"), managers: [manager]) { shop in
            let recovery = { (severity: String, code: String) in
                #""occasion":{"kind":"recovery","severity":"\#(severity)","reason":"湯冷了","#
                    + #""managerCode":"\#(code)"}"#
            }
            let preview = try await shop.client.post(
                "/v1/sales/preview",
                sale("R/1", #""occasion":{"kind":"recovery","severity":"minor","reason":"湯冷了"}"#)
            )
            #expect(preview.earned == 30)
            let body = sale("R/1", recovery("minor", code))
            let first = try await shop.client.post("/v1/sales", body)
            #expect(first.earned == 30)
            // Sent again it is the same compensation, although its code is used by now.
            #expect(try await shop.client.post("/v1/sales", body).body == first.body)

            let used = try await shop.client.post("/v1/sales", sale("R/2", recovery("grave", code)))
            #expect(used.status == 403)
            #expect(used.problem == "not-approved")
            #expect(used.json["reason"] == "code-used")
            guard
                case .award(let fact)? = try await shop.counter.recentEntries(countMax: 1).first?
                    .fact
            else { return #expect(Bool(false), "no award") }
            #expect(fact.sale.details.occasion == .recovery(severity: "minor", reason: "湯冷了"))
            #expect(fact.sale.details.approval?.manager == "anna")
            #expect(fact.sale.details.isApproved)
        }
    }

    @Test func `service recovery: without a code nothing, and a wrong one is told`() async throws {
        let manager = try #require(Manager(id: "anna", secret: Self.secret))
        try await withShop(programme: preset("service-recovery"), managers: [manager]) { shop in
            let without = try await shop.client.post(
                "/v1/sales",
                sale("R/1", #""occasion":{"kind":"recovery","severity":"minor","reason":"late"}"#)
            )
            #expect(without.json["reason"] == "recovery-not-approved")
            for (number, reason) in [(1, "code-wrong"), (5, "code-wrong"), (6, "too-many-tries")] {
                var reply: RawClient.Reply?
                for _ in 0..<(number == 5 ? 4 : 1) {
                    reply = try await shop.client.post(
                        "/v1/sales",
                        sale(
                            "R/1",
                            #""occasion":{"kind":"recovery","severity":"minor","reason":"late","#
                                + #""managerCode":"00000000"}"#
                        )
                    )
                }
                #expect(reply?.status == 403)
                #expect(reply?.json["reason"] == .string(reason))
            }
            #expect(try await shop.ledger.head().sequence == 1)
        }
    }

    @Test func `service recovery: a store without managers says what to do`() async throws {
        try await withShop(programme: preset("service-recovery")) { shop in
            let reply = try await shop.client.post(
                "/v1/sales",
                sale(
                    "R/1",
                    #""occasion":{"kind":"recovery","severity":"minor","reason":"late","#
                        + #""managerCode":"12345678"}"#
                )
            )
            #expect(reply.json["reason"] == "no-manager")
            #expect(reply.json["detail"]?.stringValue?.contains("stampctl manager secret") == true)
        }
    }

    @Test func `welcome and birthday: once in a lifetime, once a year, in the birthday's month`()
        async throws
    {
        try await withShop(programme: preset("birthday-welcome")) { shop in
            let join = sale("join/\(Shop.member)", #""occasion":{"kind":"join"}"#)
            #expect(try await shop.client.post("/v1/sales", join).earned == 1)
            let elsewhere = sale("P1/1", #""occasion":{"kind":"join"}"#)
            #expect(try await shop.client.post("/v1/sales", elsewhere).json["field"] == "key")

            let birthday = sale("birthday/\(Shop.member)/2026", #""occasion":{"kind":"birthday"}"#)
            let unknown = try await shop.client.post("/v1/sales", birthday)
            #expect(unknown.status == 400)
            #expect(unknown.json["field"] == "occasion")
            for (day, isGiven) in [("12-22", false), ("11-30", true)] {
                try await shop.know(Shop.member, Profile(birthday: Birthday(day)))
                let reply = try await shop.client.post("/v1/sales", birthday)
                #expect((reply.earned == 1) == isGiven, "\(day): \(reply.body)")
            }
        }
    }

    @Test func `feedback: an answer earns, in the limits of the rule`() async throws {
        try await withShop(programme: preset("feedback")) { shop in
            let answer = { (survey: String, answer: Int) in
                #""occasion":{"kind":"survey","survey":"\#(survey)","answer":\#(answer)}"#
            }
            #expect(
                try await shop.client.post("/v1/sales", sale("S/1", answer("csat", 5))).earned == 2
            )
            #expect(
                try await shop.client.post("/v1/sales", sale("S/2", answer("nps", 0))).earned == 5
            )
            for (number, status) in [(100, 200), (101, 400)] {
                let reply = try await shop.client.post(
                    "/v1/sales",
                    sale("S/\(number)", answer("csat", number))
                )
                #expect(reply.status == status)
            }
        }
    }

    @Test(arguments: [("bakery", "award"), ("yongkang", "refusal")])
    func `stamp rally: the shop that the rule names stamps`(store: String, decision: String)
        async throws
    {
        try await withShop(programme: preset("stamp-rally"), store: store) { shop in
            let reply = try await shop.client.post("/v1/sales", sale("P1/1", #""amount":80"#))
            #expect(reply.json["decision"] == .string(decision), "\(reply.body)")
        }
    }

    // MARK: What else only the POS knows

    @Test func `what points of another system pay earns no coins`() async throws {
        try await withShop(programme: preset("p-coin")) { shop in
            for (paid, coins) in [(0, Int64(20)), (1_500, 5)] {
                let reply = try await shop.client.post(
                    "/v1/sales",
                    sale("P1/\(paid)", #""amount":2000,"paidWithPoints":\#(paid)"#)
                )
                #expect(reply.earned == coins, "\(reply.body)")
            }
        }
    }

    @Test(arguments: [(true, "sale-of-cashier"), (false, nil)])
    func `a cashier rings up for herself, and the programme may mind`(
        isOwn: Bool,
        reason: String?
    ) async throws {
        let text = try Repository.text("programmes/points.yaml") + "cashiersEarn: false\n"
        let programme = try ProgrammeDocument.programme(from: text, file: "points.yaml")
        try await withShop(programme: programme) { shop in
            let reply = try await shop.client.post(
                "/v1/sales",
                sale("P1/1", #""amount":350,"cashier":"c7","cashiersOwn":\#(isOwn)"#)
            )
            #expect(reply.json["reason"]?.stringValue == reason)
        }
    }

    // MARK: What a POS writes wrong

    @Test(arguments: [
        (#""occasion":1"#, "kind"), (#""occasion":{}"#, "kind"),
        (#""occasion":{"kind":"dance"}"#, "kind"),
        (#""occasion":{"kind":"checkIn","answer":1}"#, "occasion"),
        (#""occasion":{"kind":"checkIn"},"amount":1"#, "amount"),
        (#""occasion":{"kind":"topUp"}"#, "amount"),
        (#""occasion":{"kind":"topUp"},"amount":1,"lines":[]"#, "lines"),
        (#""occasion":{"kind":"checkIn"},"redeem":[]"#, "redeem"),
        (#""occasion":{"kind":"checkIn"},"payFromValue":1"#, "payFromValue"),
        (#""occasion":{"kind":"survey","survey":"csat"}"#, "answer"),
        (#""occasion":{"kind":"survey","answer":1}"#, "survey"),
        (#""occasion":{"kind":"survey","survey":"C sat","answer":1}"#, "survey"),
        (#""occasion":{"kind":"vote","vote":"flavour"}"#, "option"),
        (#""occasion":{"kind":"recovery","severity":"minor"}"#, "reason"),
        (#""occasion":{"kind":"recovery","severity":"minor","reason":"  "}"#, "reason"),
        (#""occasion":{"kind":"recovery","severity":"minor","reason":"a\nb"}"#, "reason"),
        (#""occasion":{"kind":"recovery","reason":"late"}"#, "severity"),
        (
            #""occasion":{"kind":"recovery","severity":"a","reason":"b","#
                + #""managerCode":"12345678901234567"}"#,
            "managerCode"
        ),
        (#""occasion":{"kind":"referral","friend":"00000000000124"}"#, "step"),
        (#""occasion":{"kind":"referral","step":"join"}"#, "friend"),
        (#""occasion":{"kind":"purchase"}"#, "amount"),
    ])
    func `what a POS writes wrong of an occasion is named`(member: String, field: String)
        async throws
    {
        try await withShop { shop in
            for path in ["/v1/sales", "/v1/sales/preview"] {
                let reply = try await shop.client.post(path, sale("P1/7", member))

                #expect(reply.status == 400)
                #expect(reply.problem == "field-invalid")
                #expect(reply.json["field"] == .string(field), "\(reply.body)")
            }
        }
    }

    @Test func `a reason at the limit is taken, a longer one is not`() async throws {
        try await withShop(programme: preset("service-recovery")) { shop in
            for (count, status) in [(200, 200), (201, 400)] {
                let reason = String(repeating: "冷", count: count)
                let reply = try await shop.client.post(
                    "/v1/sales/preview",
                    sale(
                        "R/1",
                        #""occasion":{"kind":"recovery","severity":"minor","reason":"\#(reason)"}"#
                    )
                )
                #expect(reply.status == status)
            }
        }
    }

    @Test func `an occasion without a member is the one's at the till, who stays there`()
        async throws
    {
        try await withShop(programme: preset("stored-value")) { shop in
            let body = #"{"key":"T/1","amount":500,"occasion":{"kind":"topUp"}}"#
            let nobody = try await shop.client.post("/v1/sales", body)
            #expect(nobody.status == 400)
            #expect(nobody.json["field"] == "member")

            let scan = Scan(
                bytes: Array(Shop.card.utf8),
                aim: nil,
                scanner: "test",
                completedAt: .seconds(60)
            )
            await shop.counter.handle(scan, till: "1")
            let topUp = try await shop.client.post("/v1/sales", body)
            #expect(topUp.json["member"]?["number"] == .string(Shop.member))
            let bought = try await shop.client.post(
                "/v1/sales",
                #"{"key":"P1/1","amount":300,"payFromValue":300}"#
            )
            #expect(bought.json["decision"] == "award", "\(bought.body)")
        }
    }

    // MARK: Makers

    /// A call's body for the shop's member.
    private func sale(_ key: String, _ members: String) -> String {
        #"{"key":"\#(key)","member":"\#(Shop.card)",\#(members)}"#
    }
}

/// A programme that we ship, as the agent reads it.
private func preset(_ name: String) throws -> Programme {
    let file = "programmes/\(name).yaml"
    return try ProgrammeDocument.programme(from: try Repository.text(file), file: file)
}

extension Shop {
    /// Has HQ tell a member's profile.
    fileprivate func know(_ member: String, _ profile: Profile) async throws {
        let number = try #require(MemberNumber(member))
        let row = MemberRow(number: number, maskedName: "王○明", profile: profile)
        try await ledger.importMembers([try #require(row)])
    }
}

extension RawClient.Reply {
    /// What was earned of all assets together; nil for anything but an award.
    fileprivate var earned: Int64? {
        guard json["decision"] == "award" else { return nil }
        return json["earned"]?.arrayValue?.compactMap { $0["amount"]?.integerValue }.reduce(0, +)
    }
}
