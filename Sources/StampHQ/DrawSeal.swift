import Crypto
import LoyaltyCore
import SyncWire

/// Makes a draw's secrets from HQ's key and a random value, so that a copy of the database tells
/// nobody the seed of a draw to come.
struct DrawSeal: Sendable {
    private let key: SymmetricKey

    /// Random bytes of a draw.
    static let nonceByteCount = 32

    /// - Parameter seed: The 32 secret bytes of HQ's key.
    init(seed: [UInt8]) {
        key = SymmetricKey(data: seed)
    }

    /// The seed that decides who wins.
    func seed(of draw: String, nonce: [UInt8]) -> [UInt8] {
        derive("draw-seed", draw, nonce, byteCount: DrawAnnouncementV1.seedByteCount)
    }

    /// Makes the names in the ticket list.
    func names(of draw: String, nonce: [UInt8]) -> DrawEntry.Maker {
        let key = derive("draw-names", draw, nonce, byteCount: DrawEntry.Maker.keyByteCount)
        return DrawEntry.Maker(draw: draw, key: key)
    }

    private func derive(
        _ purpose: String,
        _ draw: String,
        _ nonce: [UInt8],
        byteCount: Int
    ) -> [UInt8] {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key,
            salt: nonce,
            info: Array("stamphq/\(purpose)/v1/\(draw)".utf8),
            outputByteCount: byteCount
        ).withUnsafeBytes { Array($0) }
    }
}
