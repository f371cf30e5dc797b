import LoyaltyCore
import Testing

struct MemberNumberTests {
    @Test(
        arguments: [
            ("00000000000000", 0), ("20261122000001", 20_261_122_000_001),
            ("99999999999999", MemberNumber.valueMax),
        ] as [(String, Int64)]
    )
    func `fourteen digits are a member number and print the same`(text: String, value: Int64) {
        let member = MemberNumber(text)

        #expect(member?.value == value)
        #expect(member.map { "\($0)" } == text)
        #expect(member == MemberNumber(value: value))
    }

    @Test(arguments: [
        "", "1", "0000000000000", "000000000000000", "0000000000000x", "+0000000000001",
        "-0000000000001", " 0000000000001", "００００００００００００００", "٠٠٠٠٠٠٠٠٠٠٠٠٠٠",
    ])
    func `anything else is none`(text: String) {
        #expect(MemberNumber(text) == nil)
    }

    @Test func `an integer outside fourteen digits is none`() {
        #expect(MemberNumber(value: -1) == nil)
        #expect(MemberNumber(value: MemberNumber.valueMax + 1) == nil)
        #expect(MemberNumber(value: .min) == nil)
    }

    @Test func `numbers sort by value`() throws {
        let low = try #require(MemberNumber(value: 9))
        let high = try #require(MemberNumber(value: 10))

        #expect(low < high)
    }
}
