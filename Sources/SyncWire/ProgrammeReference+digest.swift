import Crypto
public import LoyaltyCore

extension ProgrammeReference {
    /// Names a programme by the SHA-256 of its canonical bytes.
    public init(_ programme: Programme) {
        self.init(
            name: programme.name,
            version: programme.version,
            digest: Hex.text(SHA256.hash(data: programme.canonicalBytes))
        )
    }
}
