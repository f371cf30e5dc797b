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

    @Test(arguments: ["points", "stamps/latte"])
    func `an asset is points or the stamps of a card`(name: String) {
        #expect(Asset(name: name)?.name == name)
    }

    @Test(arguments: ["", "point", "stamps/", "stamps/Latte", "stamps/a/b", "vouchers/x"])
    func `any other name is no asset`(name: String) {
        #expect(Asset(name: name) == nil)
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
