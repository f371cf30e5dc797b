/// A fraction of whole numbers, such as 23/10: what a rule multiplies by.
public struct Rate: Hashable, Sendable {
    /// Above the line.
    public let numerator: Int64
    /// Below the line, at least 1.
    public let denominator: Int64

    /// One: multiplying by it changes nothing.
    public static let one = Self(1, 1)

    /// Creates a rate; the programme's check refuses one outside 0 to `Programme.rateMax`.
    public init(_ numerator: Int64, _ denominator: Int64 = 1) {
        self.numerator = numerator
        self.denominator = denominator
    }

    /// Reads `2`, `23/10` or `2.3`, or gives nil.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard (1...Self.characterCountMax).contains(bytes.count) else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if parts.count == 2 {
            guard let above = Self.number(parts[0]), let below = Self.number(parts[1]), below > 0
            else { return nil }
            self.init(above, below)
            return
        }
        let digits = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard digits.count <= 2, let whole = Self.number(digits[0]) else { return nil }
        guard digits.count == 2 else {
            self.init(whole)
            return
        }
        guard let fraction = Self.number(digits[1]) else { return nil }
        let scale = digits[1].reduce(into: Int64(1)) { scale, _ in scale *= 10 }
        self.init(whole * scale + fraction, scale)
    }

    /// Most characters of a rate: two numbers of seven digits and the stroke between them.
    ///
    /// Source: `Programme.rateMax` has seven digits.
    public static let characterCountMax = 15

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard (1...7).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }
}

extension Rate: CustomStringConvertible {
    /// The rate as it is written: `2` or `23/10`.
    public var description: String {
        denominator == 1 ? String(numerator) : "\(numerator)/\(denominator)"
    }
}

/// An exact fraction on the way to an amount; nil stands for an overflow.
///
/// Wide enough that nothing a programme's limits allow comes near its end; where something does,
/// the answer is a refusal, never a wrong number.
public struct Exact: Hashable, Sendable {
    let numerator: Int128
    let denominator: Int128

    /// Nothing.
    public static let zero = Self(0, over: 1)

    /// Creates a whole number.
    public init(_ value: Int64) {
        self.init(Int128(value), over: 1)
    }

    /// Creates the fraction that a rate is.
    public init(_ rate: Rate) {
        self.init(Int128(rate.numerator), over: Int128(rate.denominator))
    }

    private init(_ numerator: Int128, over denominator: Int128) {
        self.numerator = numerator
        self.denominator = denominator
    }

    /// The sum.
    public func plus(_ other: Self) -> Self? {
        if denominator == other.denominator {
            let (sum, overflow) = numerator.addingReportingOverflow(other.numerator)
            return overflow ? nil : Self(sum, over: denominator)
        }
        let left = numerator.multipliedReportingOverflow(by: other.denominator)
        let right = other.numerator.multipliedReportingOverflow(by: denominator)
        let below = denominator.multipliedReportingOverflow(by: other.denominator)
        let sum = left.partialValue.addingReportingOverflow(right.partialValue)
        guard !left.overflow, !right.overflow, !below.overflow, !sum.overflow else { return nil }
        return Self(sum.partialValue, over: below.partialValue).reduced
    }

    /// The product.
    public func times(_ other: Self) -> Self? {
        let above = numerator.multipliedReportingOverflow(by: other.numerator)
        let below = denominator.multipliedReportingOverflow(by: other.denominator)
        guard !above.overflow, !below.overflow else { return nil }
        return Self(above.partialValue, over: below.partialValue).reduced
    }

    /// The quotient; nil too where the other is not above zero.
    public func divided(by other: Self) -> Self? {
        guard other.numerator > 0 else { return nil }
        return times(Self(other.denominator, over: other.numerator))
    }

    /// Whether this is less than another.
    public func isLess(than other: Self) -> Bool {
        // Both denominators are above zero, and both sides far below the type's end.
        numerator &* other.denominator < other.numerator &* denominator
    }

    /// The whole number below or at it; nil if it has no place in 64 bits.
    public var floor: Int64? {
        let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
        return Int64(exactly: remainder < 0 ? quotient - 1 : quotient)
    }

    /// The whole number above or at it; nil if it has no place in 64 bits.
    public var ceiling: Int64? {
        let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
        return Int64(exactly: remainder > 0 ? quotient + 1 : quotient)
    }

    /// The nearest whole number, halves up.
    public var rounded: Int64? {
        plus(Self(1, over: 2))?.floor
    }

    private var reduced: Self {
        if denominator == 1 { return self }
        let a = Self.commonDivisor(numerator.magnitude, denominator.magnitude)
        guard a > 1 else { return self }
        return Self(numerator / Int128(a), over: denominator / Int128(a))
    }

    /// Euclid's; in machine words as soon as both numbers fit one.
    private static func commonDivisor(_ one: UInt128, _ other: UInt128) -> UInt128 {
        var (a, b) = (one, other)
        while b != 0 {
            if let short = UInt64(exactly: a), let rest = UInt64(exactly: b) {
                var (a, b) = (short, rest)
                while b != 0 { (a, b) = (b, a % b) }
                return UInt128(a)
            }
            (a, b) = (b, a % b)
        }
        return a
    }
}
