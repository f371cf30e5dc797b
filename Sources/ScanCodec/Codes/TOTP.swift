import Crypto
public import LoyaltyCore

/// One-time codes by time (RFC 6238), eight digits every 30 seconds: a manager's word at a till.
///
/// It has no description, so that its key cannot slip into a log.
public struct TOTP: Sendable {
    private let key: SymmetricKey
    private let algorithm: Algorithm

    /// Digits of a code.
    ///
    /// Source: oracle row T01, and kind 3 of our own codes.
    public static let digitCount = 8
    /// How long a code is the current one, in seconds.
    ///
    /// Source: RFC 6238 section 5.2, which recommends 30.
    public static let stepS: Int64 = 30
    /// How many codes before and after the current one are accepted.
    ///
    /// Source: RFC 6238 section 5.2, at most one for a slow hand; one after for a fast clock.
    public static let neighbourCountMax: Int64 = 1
    /// Fewest bytes of a key.
    ///
    /// Source: RFC 4226 section 4, R6: 128 bits.
    public static let keyByteCountMin = 16

    /// The hash that makes the codes.
    public enum Algorithm: Sendable {
        /// What every authenticator app makes.
        case sha1
        /// What some can make.
        case sha256
    }

    /// Creates codes from the key that both sides share, or gives nil if it is too short.
    public init?(key: [UInt8], algorithm: Algorithm = .sha1) {
        guard key.count >= Self.keyByteCountMin else { return nil }
        self.key = SymmetricKey(data: key)
        self.algorithm = algorithm
    }

    /// The code at a moment, or nil before 1970.
    public func code(at moment: WallTime) -> String? {
        Self.step(at: moment).map { String(decoding: digits(ofStep: $0), as: UTF8.self) }
    }

    /// The step to which a code belongs, if it is accepted at a moment.
    ///
    /// All codes of the window are made and compared to the end, so that the time it takes tells
    /// nothing of them.
    ///
    /// - Returns: The step, or nil for a wrong code. A code is good once (RFC 6238 section 5.2):
    ///   the caller keeps the step of the last one taken and takes only greater ones.
    public func step(of typed: some StringProtocol, at moment: WallTime) -> Int64? {
        let typed = Array(typed.utf8.prefix(Self.digitCount + 1))
        guard typed.count == Self.digitCount, let now = Self.step(at: moment) else { return nil }
        var found: Int64?
        for step in max(0, now - Self.neighbourCountMax)...now + Self.neighbourCountMax {
            let difference = zip(digits(ofStep: step), typed).reduce(UInt8(0)) {
                $0 | ($1.0 ^ $1.1)
            }
            found = difference == 0 ? step : found
        }
        return found
    }

    private static func step(at moment: WallTime) -> Int64? {
        moment.unixMs < 0 ? nil : moment.unixMs / (stepS * 1_000)
    }

    /// RFC 4226 section 5.3: 31 bits from where the last four bits point, as decimal digits.
    private func digits(ofStep step: Int64) -> [UInt8] {
        let hash = hash(of: (0..<8).map { UInt8(truncatingIfNeeded: step >> (56 - 8 * $0)) })
        let start = Int(hash[hash.count - 1] & 15)
        let bits = hash[start..<start + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        var number = bits & 0x7FFF_FFFF
        var digits: [UInt8] = []
        for _ in 0..<Self.digitCount {
            digits.append(UInt8(ascii: "0") + UInt8(number % 10))
            number /= 10
        }
        return digits.reversed()
    }

    private func hash(of message: [UInt8]) -> [UInt8] {
        switch algorithm {
        case .sha1:
            Array(HMAC<Insecure.SHA1>.authenticationCode(for: message, using: key))
        case .sha256:
            Array(HMAC<SHA256>.authenticationCode(for: message, using: key))
        }
    }
}
