import Documents
import LoyaltyCore
import Testing

/// What a line of the files of sales and members may say, and what its writer is told.
struct ReplayInputTests {
    private func message(_ line: String) -> String {
        do throws(DocumentError) {
            _ = try ReplayInput(line.utf8, line: 7, file: "s.ndjson", in: .taipei)
            return "no mistake"
        } catch {
            return "\(error)"
        }
    }

    private func sale(_ line: String) throws -> Sale {
        let input = try ReplayInput(line.utf8, line: 7, file: "s.ndjson", in: .taipei)
        guard case .sale(let sale, _, _) = input.event else { preconditionFailure("no sale") }
        return sale
    }

    @Test(
        arguments: [
            ("", "s.ndjson:7: not JSON at byte 0: write one JSON object on each line"),
            ("[]", "s.ndjson:7: a sale must be an object: write {…}"),
            (
                #"{"type":"sell"}"#,
                #"s.ndjson:7: 'type' is "sell": write one of sale, visit, join, topUp, checkIn,"#
                    + " survey, vote, recovery, refund, cancel, time"
            ),
            (
                #"{"member":"X","date":"2026-03-03","amout":5}"#,
                "s.ndjson:7: a sale has no 'amout': write 'amount'"
            ),
            (
                #"{"member":"X","date":"2026-03-03","amount":3.20}"#,
                "s.ndjson:7: the line has a number with a fraction or beyond 64 bits: not a whole"
                    + " 64-bit number at byte 43: write amounts in the currency's smallest unit, as"
                    + " whole numbers"
            ),
            (
                #"{"member":"X","date":"2026-03-03","amount":"5"}"#,
                #"s.ndjson:7: 'amount' of a sale is "5": write a whole number from -8589934592 to"#
                    + " 8589934592"
            ),
            (#"{"member":"X","amount":5}"#, "s.ndjson:7: a sale needs 'at': add it"),
            (
                #"{"member":"X","at":"3 March","amount":5}"#,
                #"s.ndjson:7: 'at' of a sale is "3 March": write a time such as"#
                    + #" "2026-11-22T12:00:00+08:00""#
            ),
            (
                #"{"member":"X","date":"2026-02-30","amount":5}"#,
                #"s.ndjson:7: 'date' of a sale is "2026-02-30": write a date such as "2026-11-22""#
            ),
            (
                #"{"type":"visit","date":"2026-03-03"}"#,
                "s.ndjson:7: a visit needs 'member': add it"
            ),
            (
                #"{"type":"refund","date":"2026-03-03"}"#,
                "s.ndjson:7: a refund needs 'of': add it"
            ),
            (
                #"{"type":"refund","of":"A","date":"2026-03-03","amount":1,"lines":[{"sku":"a"}]}"#,
                "s.ndjson:7: 'amount' of a refund is 1: write amount or lines, not both"
            ),
            (#"{"type":"time"}"#, "s.ndjson:7: a time needs 'until': add it"),
            (
                #"{"key":"no spaces","member":"X","date":"2026-03-03"}"#,
                #"s.ndjson:7: 'key' of a sale is "no spaces": write 1 to 80 of"#
                    + " A-Z a-z 0-9 . _ : / -"
            ),
            (
                #"{"member":"X","date":"2026-03-03","lines":[{"sku":"a"}]}"#,
                "s.ndjson:7: a line of the basket needs 'price': add it"
            ),
            (
                #"{"member":"X","date":"2026-03-03","lines":[{"sku":"a","price":1,"gross":1}]}"#,
                "s.ndjson:7: 'price' of a line of the basket is 1: write price (of one unit) or"
                    + " gross, not both"
            ),
            (
                #"{"member":"X","date":"2026-03-03","lines":[{"sku":"a","price":1,"#
                    + #""quantity":"1.2345"}]}"#,
                #"s.ndjson:7: 'quantity' of a line of the basket is "1.2345": write units: 2, or"#
                    + #" "1.5" with up to 3 decimals"#
            ),
        ]
    )
    func `a mistake is told with its line and what to write`(line: String, told: String) {
        #expect(message(line) == told)
    }

    @Test(
        arguments: [
            ("2026-03-03T12:00:00+08:00", 1_772_510_400), ("2026-03-03T12:00+08:00", 1_772_510_400),
            ("2026-03-03T12:00:00", 1_772_510_400), ("2026-03-03T04:00:00Z", 1_772_510_400),
            ("2026-03-02T22:30:00-05:30", 1_772_510_400),
        ]
    )
    func `a time has an offset, or is the programme's own`(text: String, seconds: Int64) throws {
        let line = #"{"member":"X","at":"\#(text)","amount":1}"#
        let input = try ReplayInput(line.utf8, line: 1, file: "s", in: .taipei)

        #expect(input.at.unixMs == seconds * 1_000)
        #expect(input.date.description == "2026-03-03")
    }

    @Test(
        arguments: [
            (#""price":640"#, 1_000, 640, 640), (#""quantity":2,"price":320"#, 2_000, 640, 640),
            (#""quantity":"1.5","price":333"#, 1_500, 500, 500),
            (#""quantity":"47.301","price":29"#, 47_301, 1_372, 1_372),
            (#""gross":640,"discount":40"#, 1_000, 640, 600),
            (#""gross":640,"net":0"#, 1_000, 640, 0),
        ]
    )
    func `a line of a basket has a price or an amount`(
        text: String,
        quantity: Int64,
        gross: Int64,
        net: Int64
    ) throws {
        let sale = try sale(
            #"{"member":"X","date":"2026-03-03","lines":[{"sku":"a",\#(text)}]}"#
        )

        #expect(
            sale.details.lines == [
                SaleLine(sku: "a", quantity: quantity, gross: gross, net: net)
            ]
        )
        #expect(sale.amount == net)
    }

    @Test func `a sale says everything that a POS knows`() throws {
        let sale = try sale(
            #"""
            {"type":"sale","key":"P1/1","member":"X","at":"2026-03-03T12:00:00+08:00","amount":900,
             "evidence":"eInvoice","store":"taipei","till":"2","cashier":"amy","currency":"TWD",
             "untaxed":857,"orderDiscount":100,"paidWithPoints":30,"payFromValue":"all",
             "codes":["PROMO"],"luck":5,"receipt":{"date":"2026-03-02","seller":"01234567"},
             "lines":[{"sku":"a","gross":1000,"categories":["drink"],"labels":["hot"]}],
             "redeem":[{"reward":"pen","count":"all"},{"reward":"pay","points":30},
              {"reward":"cup","count":2}]}
            """#
        )
        var details = SaleDetails()
        details.store = "taipei"
        details.cashier = "amy"
        details.currency = "TWD"
        details.untaxed = 857
        details.orderDiscount = 100
        details.paidWithPoints = 30
        details.storedValue = .max
        details.codes = ["PROMO"]
        details.luck = 5
        details.lines = [
            SaleLine(sku: "a", categories: ["drink"], labels: ["hot"], gross: 1_000)
        ]
        details.redemptions = [
            Redemption("pen", count: nil), Redemption("pay", amount: 30),
            Redemption("cup", count: 2),
        ]

        #expect(sale.details == details)
        #expect((sale.amount, sale.evidence, sale.till) == (900, .eInvoice, "2"))
        #expect(sale.receipt?.sellerID == "01234567")
    }

    @Test(
        arguments: [
            (#"{"type":"checkIn","member":"X","date":"2026-03-03"}"#, Occasion.checkIn),
            (
                #"{"type":"survey","member":"X","date":"2026-03-03","survey":"csat","answer":5}"#,
                .survey("csat", answer: 5)
            ),
            (
                #"{"type":"vote","member":"X","date":"2026-03-03","vote":"logo","option":"B"}"#,
                .vote("logo", option: "B")
            ),
            (
                #"{"type":"recovery","member":"X","date":"2026-03-03","severity":"high","#
                    + #""reason":"cold"}"#,
                .recovery(severity: "high", reason: "cold")
            ),
            (#"{"type":"topUp","member":"X","date":"2026-03-03","amount":500}"#, .topUp),
        ]
    )
    func `an occasion has a type of its own`(line: String, occasion: Occasion) throws {
        #expect(try sale(line).details.occasion == occasion)
    }

    @Test func `a cashier who is the member is known by the name`() throws {
        let own = #"{"member":"amy","cashier":"amy","date":"2026-03-03","amount":1}"#
        let other = #"{"member":"X","cashier":"amy","date":"2026-03-03","amount":1}"#

        #expect(try sale(own).details.isCashiersOwn)
        #expect(try sale(other).details.isCashiersOwn == false)
    }

    @Test func `a member begins with what the file says`() throws {
        let line = """
            {"member":"X","birthday":"05-20","tierFloor":"gold","referrer":"Y","blocked":true,\
            "balances":[{"asset":"points","amount":4,"through":"2026-12-31"},\
            {"asset":"points","amount":3,"through":"2026-12-31"},{"asset":"points","amount":2}],\
            "counts":{"spend":4000}}
            """
        let member = try ReplayMember(line.utf8, line: 1, file: "m.ndjson")

        #expect(member.profile.birthday.map { [$0.month, $0.day] } == [5, 20])
        #expect(member.profile.tierFloor == "gold" && member.profile.isReferred)
        #expect(member.isBlocked && member.referrer == "Y")
        #expect(member.holdings.map { "\($0.bucket) \($0.amount)" } == ["2026-12-31 7", "never 2"])
        #expect(member.counts == [.spend: 4_000])
    }
}
