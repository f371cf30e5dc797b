/// The odds of a prize that is won or not won at once, at the till (任務抽獎).
///
/// Randomness comes in as a value, so whoever keeps it with the decision can repeat the decision.
public struct InstantWin: Hashable, Sendable {
    /// How many of `outOf` tries win.
    public let wins: Int64
    /// Of how many tries.
    public let outOf: Int64

    /// The largest `outOf`.
    ///
    /// Source: our own bound; the rarest prize of a lottery is one in some hundred million.
    public static let outOfMax: Int64 = 1_000_000_000
    /// Random numbers of one try.
    ///
    /// Source: our own bound. A number is unusable less than once in 18 thousand million times
    /// (`outOfMax` of 2^64), and four of them less than once in 2^136.
    public static let numberCount = 4

    /// Creates odds, or gives nil unless 1 ≤ `wins` ≤ `outOf` ≤ `outOfMax`.
    public init?(wins: Int64, outOf: Int64) {
        guard (1...Self.outOfMax).contains(outOf), (1...outOf).contains(wins) else { return nil }
        self.wins = wins
        self.outOf = outOf
    }

    /// Whether a try wins.
    ///
    /// - Parameters:
    ///   - stock: How many prizes are left; without one nobody wins.
    ///   - numbers: `numberCount` random numbers, used once.
    /// - Returns: True with exactly these odds; false if all four numbers are unusable.
    public func isWon(stock: Int64, numbers: [UInt64]) -> Bool {
        precondition(numbers.count == Self.numberCount, "a try takes four random numbers")
        guard stock > 0 else { return false }
        for number in numbers {
            guard let place = number.fairRemainder(below: UInt64(outOf)) else { continue }
            return place < UInt64(wins)
        }
        return false
    }
}
