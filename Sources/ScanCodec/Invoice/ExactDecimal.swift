/// A decimal number as printed, such as the quantity 47.301, without a binary fraction's error.
public struct ExactDecimal: Hashable, Sendable {
    /// Most digits that a printed number may have; 15 fit 64 bits with room to spare.
    static let digitCountMax = 15

    /// The number without its point.
    public let digits: Int64
    /// How many of the digits are after the point; no trailing zero among them.
    public let scale: Int

    /// Creates a whole number.
    ///
    /// - Parameter whole: The number.
    public init(_ whole: Int64) {
        digits = whole
        scale = 0
    }

    /// Creates an amount from its hundredths.
    ///
    /// - Parameter hundredths: The amount times 100.
    public init(hundredths: Int64) {
        self.init(digits: hundredths, scale: 2)
    }

    /// Reads `-?digits(.digits)?`.
    ///
    /// - Parameter bytes: ASCII; nil comes back for anything else, or for too many digits.
    public init?(_ bytes: ArraySlice<UInt8>) {
        let isNegative = bytes.first == UInt8(ascii: "-")
        let parts = bytes.dropFirst(isNegative ? 1 : 0)
            .split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy(\.isAllDigits) else { return nil }
        let all = parts.flatMap { $0 }
        guard all.count <= Self.digitCountMax, let value = all.decimalValue else { return nil }
        self.init(
            digits: isNegative ? -value : value,
            scale: parts.count == 2 ? parts[1].count : 0
        )
    }

    /// Drops trailing zeros after the point.
    private init(digits: Int64, scale: Int) {
        var (digits, scale) = (digits, scale)
        while scale > 0, digits % 10 == 0 {
            digits /= 10
            scale -= 1
        }
        self.digits = digits
        self.scale = scale
    }

    /// The product; nil beyond 64 bits.
    func multiplied(by other: ExactDecimal) -> ExactDecimal? {
        let (product, hasOverflow) = digits.multipliedReportingOverflow(by: other.digits)
        return hasOverflow ? nil : ExactDecimal(digits: product, scale: scale + other.scale)
    }

    /// The sum; nil beyond 64 bits.
    func adding(_ other: ExactDecimal) -> ExactDecimal? {
        let scale = max(scale, other.scale)
        guard let left = digits(at: scale), let right = other.digits(at: scale) else { return nil }
        let (sum, hasOverflow) = left.addingReportingOverflow(right)
        return hasOverflow ? nil : ExactDecimal(digits: sum, scale: scale)
    }

    private func digits(at wanted: Int) -> Int64? {
        (scale..<wanted).reduce(digits) { digits, _ in
            guard let (product, hasOverflow) = digits?.multipliedReportingOverflow(by: 10) else {
                return nil
            }
            return hasOverflow ? nil : product
        }
    }
}

extension ExactDecimal: CustomStringConvertible {
    /// The number as it is written in JSON: `47.301`, `-3`, `0.5`.
    public var description: String {
        guard scale > 0 else { return String(digits) }
        let text = String(digits.magnitude)
        let zeros = String(repeating: "0", count: max(0, scale + 1 - text.utf8.count))
        let padded = zeros + text
        return "\(digits < 0 ? "-" : "")\(padded.dropLast(scale)).\(padded.suffix(scale))"
    }
}
