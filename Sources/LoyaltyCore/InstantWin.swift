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
    /// Random bytes of one try: four numbers of 64 bits.
    ///
    /// Source: our own bound. A number is unusable less than once in 18 thousand million times
    /// (`outOfMax` of 2^64), and four of them less than once in 2^136.
    public static let randomByteCount = 32

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
    ///   - random: `randomByteCount` bytes from the system's randomness, used once.
    /// - Returns: True with exactly these odds; false if all four numbers are unusable.
    public func isWon(stock: Int64, random: [UInt8]) -> Bool {
        precondition(random.count == Self.randomByteCount, "a try takes 32 random bytes")
        guard stock > 0 else { return false }
        for start in stride(from: 0, to: random.count, by: 8) {
            let number = random[start..<start + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard let place = number.fairRemainder(below: UInt64(outOf)) else { continue }
            return place < UInt64(wins)
        }
        return false
    }
}
