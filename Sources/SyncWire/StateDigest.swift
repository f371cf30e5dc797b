import Crypto

/// A sum over all rows of a scope, the same whatever their order: equal sums mean equal rows.
///
/// Each row counts with the first 64 bits of the SHA-256 of `stampd/state/v1`, the scope and the
/// row's line; rows come and go by addition and subtraction modulo 2^64. SHA-256 because both
/// sides have it already and it says the same on every machine; the standard library's `Hasher` is
/// seeded anew in each process. It finds faults, not forgers: HQ's signature is against those.
public struct StateDigest: Hashable, Sendable {
    /// What the rows are of.
    public enum Scope: String, Sendable {
        /// The members of the whole chain.
        case members
    }

    /// The sum.
    public private(set) var value: UInt64

    /// What the rows are of.
    public let scope: Scope

    /// Creates the sum over no rows, or one that was kept.
    public init(_ scope: Scope, value: UInt64 = 0) {
        self.scope = scope
        self.value = value
    }

    /// Reads 16 lower-case hexadecimal digits, or gives nil.
    public init?(_ scope: Scope, _ text: String) {
        guard text.utf8.count == 16, let value = UInt64(text, radix: 16) else { return nil }
        self.init(scope, value: value)
        guard text == self.text else { return nil }
    }

    /// The sum as 16 lower-case hexadecimal digits.
    public var text: String { Hex.text(bigEndian(value)) }

    /// The scope and the sum, as in `members.00000000000004d2`.
    public var scopedText: String { "\(scope.rawValue).\(text)" }

    /// Reads a scope and a sum, or gives nil.
    public init?(scopedText text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let scope = Scope(rawValue: String(parts[0])) else { return nil }
        self.init(scope, String(parts[1]))
    }

    /// Adds a row.
    public mutating func add(_ line: some Sequence<UInt8>) {
        value &+= weight(line)
    }

    /// Takes a row away that was added before.
    public mutating func remove(_ line: some Sequence<UInt8>) {
        value &-= weight(line)
    }

    private func weight(_ line: some Sequence<UInt8>) -> UInt64 {
        var bytes = Array("stampd/state/v1\n\(scope.rawValue)\n".utf8)
        bytes += line
        return SHA256.hash(data: bytes).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
