import LoyaltyCore

/// A fraction for the second engine of the tests, reduced after every step.
struct NaiveFraction: Comparable {
    let top: Int128
    let bottom: Int128

    static let zero = Self(0)

    init(_ whole: Int64) {
        self.init(Int128(whole), Int128(1))
    }

    init(_ rate: Rate) {
        self.init(Int128(rate.numerator), Int128(rate.denominator))
    }

    init(_ top: Int128, _ bottom: Int128) {
        var (a, b) = (top < 0 ? -top : top, bottom)
        while b != 0 { (a, b) = (b, a % b) }
        self.top = a == 0 ? 0 : top / a
        self.bottom = a == 0 ? 1 : bottom / a
    }

    static func + (lhs: Self, rhs: Self) -> Self {
        Self(lhs.top * rhs.bottom + rhs.top * lhs.bottom, lhs.bottom * rhs.bottom)
    }

    static func - (lhs: Self, rhs: Self) -> Self {
        Self(lhs.top * rhs.bottom - rhs.top * lhs.bottom, lhs.bottom * rhs.bottom)
    }

    static func * (lhs: Self, rhs: Self) -> Self {
        Self(lhs.top * rhs.top, lhs.bottom * rhs.bottom)
    }

    static func / (lhs: Self, rhs: Self) -> Self {
        rhs.top < 0
            ? Self(-lhs.top * rhs.bottom, lhs.bottom * -rhs.top)
            : Self(lhs.top * rhs.bottom, lhs.bottom * rhs.top)
    }

    static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.top * rhs.bottom < rhs.top * lhs.bottom
    }

    /// The whole number below or at it.
    var floor: Int64 {
        var whole = top / bottom
        if whole * bottom > top { whole -= 1 }
        return Int64(whole)
    }

    /// The whole number above or at it.
    var ceiling: Int64 {
        var whole = top / bottom
        if whole * bottom < top { whole += 1 }
        return Int64(whole)
    }

    /// The nearest whole number, halves up.
    var rounded: Int64 { (self + Self(1, 2)).floor }

    static func sum(_ parts: [Self]) -> Self { parts.reduce(zero, +) }
}
