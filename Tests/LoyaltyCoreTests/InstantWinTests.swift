import LoyaltyCore
import Testing

/// Prizes that are won at the till, and the numbers that decide them.
struct InstantWinTests {
    private static let remainders: [(number: UInt64, bound: UInt64, result: UInt64?)] = [
        // 2^64 = 3 * 6148914691236517205 + 1: the highest number alone is one too many.
        (0, 3, 0), (0xFFFF_FFFF_FFFF_FFFE, 3, 2), (0xFFFF_FFFF_FFFF_FFFF, 3, nil),
        // 2^64 = 10^9 * 18446744073 + 709551616.
        (18_446_744_072_999_999_999, 1_000_000_000, 999_999_999),
        (18_446_744_073_000_000_000, 1_000_000_000, nil),
        // Powers of two leave nothing over.
        (0xFFFF_FFFF_FFFF_FFFF, 1, 0), (0xFFFF_FFFF_FFFF_FFFF, 2, 1),
        (0xFFFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, 0x7FFF_FFFF_FFFF_FFFF),
        // The worst bound gives up nearly every second number.
        (0x8000_0000_0000_0000, 0x8000_0000_0000_0001, 0x8000_0000_0000_0000),
        (0x8000_0000_0000_0001, 0x8000_0000_0000_0001, nil),
        (0xFFFF_FFFF_FFFF_FFFE, 0xFFFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFE),
        (0xFFFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF, nil),
    ]

    @Test(arguments: remainders)
    func `a random number is brought below a bound or drawn again`(
        number: UInt64,
        bound: UInt64,
        result: UInt64?
    ) {
        #expect(number.fairRemainder(below: bound) == result)
    }

    @Test func `each result below a bound has as many numbers as any other`() {
        // All numbers of 64 bits cannot be tried; those at both ends hold whatever is uneven.
        for bound in UInt64(1)...64 {
            let usable = (0..<4 * bound).compactMap {
                (UInt64.max - $0).fairRemainder(below: bound)
            }
            let counts = Dictionary(grouping: usable.prefix(Int(3 * bound)), by: \.self)
            #expect(counts.count == Int(bound))
            #expect(counts.values.allSatisfy { $0.count == 3 })
        }
    }

    @Test(arguments: [
        (number: UInt64(0), isWon: true), (1, true), (2, false), (49, false), (50, true),
        (52, false),
    ])
    func `two in fifty win, by the place of the number in its fifty`(
        number: UInt64,
        isWon: Bool
    ) throws {
        let odds = try #require(InstantWin(wins: 2, outOf: 50))

        #expect(odds.isWon(stock: 1, numbers: [number, 0, 0, 0]) == isWon)
    }

    @Test func `a number that would favour some results is passed over`() throws {
        let odds = try #require(InstantWin(wins: 1, outOf: 3))

        #expect(odds.isWon(stock: 1, numbers: [.max, 3, 1, 1]))
        #expect(!odds.isWon(stock: 1, numbers: [.max, 1, 0, 0]))
        #expect(odds.isWon(stock: 1, numbers: [.max, .max, .max, 0]))
        // Once in 2^250 tries nothing is left to decide by.
        #expect(!odds.isWon(stock: 1, numbers: [.max, .max, .max, .max]))
    }

    @Test(arguments: [Int64.min, -1, 0])
    func `without stock nobody wins, even at certain odds`(stock: Int64) throws {
        let certain = try #require(InstantWin(wins: 1, outOf: 1))

        #expect(!certain.isWon(stock: stock, numbers: [0, 0, 0, 0]))
        #expect(certain.isWon(stock: 1, numbers: [.max, .max, .max, .max]))
    }

    @Test(arguments: [
        (wins: Int64(1), outOf: Int64(1), isOdds: true), (0, 1, false), (-1, 1, false),
        (1, 0, false),
        (2, 1, false), (1, InstantWin.outOfMax, true),
        (InstantWin.outOfMax, InstantWin.outOfMax, true),
        (1, InstantWin.outOfMax + 1, false), (.max, .max, false), (1, .min, false),
    ])
    func `odds lie between one in a thousand million and certainty`(
        wins: Int64,
        outOf: Int64,
        isOdds: Bool
    ) {
        #expect((InstantWin(wins: wins, outOf: outOf) != nil) == isOdds)
    }
}
