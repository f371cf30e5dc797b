public import LoyaltyCore

extension KeyRotateFact {
    /// Says that a log goes on under a new key.
    ///
    /// - Parameters:
    ///   - key: The new key.
    ///   - identity: Whose log, and which incarnation of it.
    public init(to key: SigningKey, of identity: LogIdentity) {
        let publicKey = key.publicKey.bytes
        let text = Self.text(publicKey, identity)
        self.init(publicKey: publicKey, proof: key.signature(for: Array(text.utf8)))
    }

    /// Whether the new key's owner signed for this log; that the old key's owner wants it so is
    /// what the checkpoint says.
    public func isProven(of identity: LogIdentity) -> Bool {
        guard let key = PublicKey(publicKey) else { return false }
        return key.isValid(proof, for: Array(Self.text(publicKey, identity).utf8))
    }

    /// The text that is signed, four lines: `stampd/key/v1`, device, epoch, base64 of the key.
    private static func text(_ publicKey: [UInt8], _ identity: LogIdentity) -> String {
        "stampd/key/v1\n\(identity.device.text)\n\(identity.epoch)\n\(Base64.text(publicKey))\n"
    }
}
