import Crypto
import CryptoExtras

/// What field 8 of an invoice says about who printed it.
///
/// It proves that somebody with the seller's key printed number and random code. It proves neither
/// date nor amount nor seller, so caps, double use and HQ's comparison still decide.
public enum EInvoiceAuthenticity: String, Equatable, Sendable {
    /// There is no key to check with, as when a value-added centre prints.
    case notChecked
    /// The field was made with this key.
    case valid
    /// The field was not made with this key.
    case invalid
}

/// A seller's key for field 8: 128 bits, which the ministry's tool derives from a password.
public struct EInvoiceKey: Sendable {
    private let key: SymmetricKey

    /// Reads a key.
    ///
    /// - Parameter hex: 32 hexadecimal digits of either case; nil comes back for anything else.
    public init?(hex: String) {
        let digits = hex.utf8.compactMap(\.hexValue)
        guard digits.count == 32, hex.utf8.count == 32 else { return nil }
        let bytes = stride(from: 0, to: 32, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        key = SymmetricKey(data: bytes)
    }

    /// The initialisation vector that all sellers share: Base64 `Dt8lyToo17X/XkXaQvihuA==`.
    ///
    /// Source: the ministry's encryption library for field 8 (QREncrypter).
    private static let vector: [UInt8] = [
        0x0E, 0xDF, 0x25, 0xC9, 0x3A, 0x28, 0xD7, 0xB5,
        0xFF, 0x5E, 0x45, 0xDA, 0x42, 0xF8, 0xA1, 0xB8,
    ]

    /// What field 8 must hold for these 14 characters: AES-128-CBC with PKCS#7 padding.
    fileprivate func seal(_ text: [UInt8]) -> [UInt8]? {
        do {
            let vector = try AES._CBC.IV(ivBytes: Self.vector)
            return Array(try AES._CBC.encrypt(text, using: key, iv: vector))
        } catch {
            // Key and vector have their only possible sizes, so this does not happen.
            return nil
        }
    }
}

extension EInvoice {
    /// Checks field 8.
    ///
    /// - Parameter key: The seller's key, if this till holds it.
    /// - Returns: What the field proves; `notChecked` without a key.
    public func authenticity(with key: EInvoiceKey?) -> EInvoiceAuthenticity {
        guard let key else { return .notChecked }
        let text = Array(number.utf8) + Array((randomCode ?? "    ").utf8)
        guard let found = Base64.decode(authenticationField), let expected = key.seal(text),
            found.count == expected.count
        else { return .invalid }
        let difference = zip(found, expected).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
        return difference == 0 ? .valid : .invalid
    }
}
