import LoyaltyCore
import Testing

struct NamesTests {
    @Test func `a member number has fourteen digits, leading zeros kept`() throws {
        let member = try #require(MemberNumber("00000000000123"))

        #expect(member.value == 123)
        #expect(member.description == "00000000000123")
        #expect(MemberNumber(value: 99_999_999_999_999)?.description == "99999999999999")
        #expect(MemberNumber(value: 100_000_000_000_000) == nil)
        #expect(MemberNumber(value: -1) == nil)
    }

    @Test(arguments: [
        "", "1", "000000000001234", "0000000000012x", "０0000000000123", "-0000000000123",
    ])
    func `anything else is no member number`(text: String) {
        #expect(MemberNumber(text) == nil)
    }

    @Test(arguments: [
        "a", "eInvoice/11510/AB12345650", "pos:1_2.3-4", String(repeating: "x", count: 80),
    ])
    func `a sale key is short and plain`(text: String) {
        #expect(SaleKey(text)?.text == text)
    }

    @Test(arguments: ["", "a b", "a\u{0}", "收據", "a'b", "<a>", String(repeating: "x", count: 81)])
    func `anything else is no sale key`(text: String) {
        #expect(SaleKey(text) == nil)
    }

    @Test(arguments: [
        (name: "points", kind: Asset.Kind.points, identifier: nil, isPaidFor: false),
        (name: "stamps/latte", kind: .stamps, identifier: "latte", isPaidFor: false),
        (name: "voucher/latte", kind: .voucher, identifier: "latte", isPaidFor: false),
        (name: "value/paid", kind: .value, identifier: nil, isPaidFor: true),
        (name: "value/bonus", kind: .value, identifier: nil, isPaidFor: false),
        (name: "pass/massage", kind: .pass, identifier: "massage", isPaidFor: true),
        (name: "ticket/spring", kind: .ticket, identifier: "spring", isPaidFor: false),
    ])
    func `an asset's name says what it is`(
        name: String,
        kind: Asset.Kind,
        identifier: String?,
        isPaidFor: Bool
    ) throws {
        let asset = try #require(Asset(name: name))

        #expect(asset.name == name)
        #expect(asset.kind == kind)
        #expect(asset.identifier == identifier)
        #expect(asset.isPaidFor == isPaidFor)
    }

    @Test(arguments: [
        "", "point", "stamps/", "stamps/Latte", "stamps/a/b", "vouchers/x",
        "points/x", "value/other", "value/", "/", "ticket",
    ])
    func `any other name is no asset`(name: String) {
        #expect(Asset(name: name) == nil)
    }

    @Test(arguments: ["never", "2027-12-31", "2026-12-01..never", "2026-12-01..2027-12-31"])
    func `a bucket is written as it is read`(text: String) {
        #expect(Bucket(text)?.description == text)
    }

    @Test(arguments: ["", "2027-13-01", "2026-12-01.never", "2026-12-01..", "..never", "a..b"])
    func `any other text is no bucket`(text: String) {
        #expect(Bucket(text) == nil)
    }

    @Test func `X02 nearest expiry first, then oldest, what never expires last`() {
        let late = today.adding(days: 9)
        let order: [Bucket] = [
            .through(today), .through(late), .pending(from: today.adding(days: -3), through: late),
            .pending(from: today, through: late), .never, .pending(from: today, through: nil),
        ]

        #expect(order.reversed().sorted() == order)
    }

    @Test func `a bucket is usable on its first and on its last date`() {
        let bucket = Bucket(from: today, through: today.adding(days: 2))

        #expect(
            (-1...3).map { bucket.isUsable(on: today.adding(days: $0)) }
                == [false, true, true, true, false]
        )
        #expect((2...3).map { bucket.hasExpired(on: today.adding(days: $0)) } == [false, true])
        #expect(!Bucket.never.hasExpired(on: today))
    }

    @Test func `a hybrid time never goes back and tells entries apart`() {
        let first = HybridTime(wallMs: 100, count: 0)

        let second = first.next(at: WallTime(unixMs: 50))
        let third = second.next(at: WallTime(unixMs: 100))
        let fourth = third.next(at: WallTime(unixMs: 101))
        #expect(first < second)
        #expect(second < third)
        #expect(third < fourth)
        #expect(fourth == HybridTime(wallMs: 101, count: 0))
    }

    @Test func `elapsed time follows the boot clock and never runs backward`() {
        let start = makeMoment(sinceBootMs: 1_000)
        let later = Moment(
            wall: WallTime(unixMs: start.wall.unixMs - 50_000),
            quality: .rtc,
            boot: 2,
            sinceBootMs: 4_000
        )
        let nextBoot = Moment(
            wall: WallTime(unixMs: start.wall.unixMs + 9_000),
            quality: .ntp,
            boot: 3,
            sinceBootMs: 5
        )

        #expect(later.elapsedMs(since: start) == 3_000)
        #expect(start.elapsedMs(since: later) == nil)
        #expect(nextBoot.elapsedMs(since: start) == 9_000)
        #expect(start.elapsedMs(since: nextBoot) == nil)
    }
}
