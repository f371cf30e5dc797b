import LoyaltyCore
import SyncWire
import Testing

/// The entry with which a log goes on under a new key.
struct KeyRotationTests {
    private let key: SigningKey
    private let identity: LogIdentity

    init() throws {
        key = try #require(SigningKey(seed: Array(repeating: 1, count: 32)))
        identity = LogIdentity(
            device: DeviceID(at: WallTime(unixMs: 1_700_000_000_000), random: [1]),
            epoch: 1,
            publicKey: key.publicKey.bytes,
            nonce: Array(repeating: 4, count: 16)
        )
    }

    @Test func `a new key survives the wire, with the proof that it signs for this log`() throws {
        let next = SigningKey()
        let fact = KeyRotateFact(to: next, of: identity)
        let entry = Entry(
            sequence: 7,
            at: Moment(wall: WallTime(unixMs: 1), quality: .ntp, boot: 1, sinceBootMs: 1),
            hybridTime: HybridTime(wallMs: 1, count: 0),
            fact: .keyRotate(fact)
        )

        let line = EntryLineV1.bytes(of: entry)

        #expect(try EntryLineV1.entry(from: line) == entry)
        #expect(String(decoding: line, as: UTF8.self).contains(#""type":"keyRotate""#))
        #expect(fact.isProven(of: identity))
        let text = String(decoding: line, as: UTF8.self)
        for field in ["publicKey", "proof"] {
            let short = text.replacing("\"\(field)\":\"", with: "\"\(field)\":\"AAAA")
            #expect(throws: EntryLineError.malformed(field: field)) {
                try EntryLineV1.entry(from: Array(short.utf8))
            }
        }
    }

    @Test func `a proof holds for one key, one device and one epoch`() {
        let next = SigningKey()
        let fact = KeyRotateFact(to: next, of: identity)
        let other = LogIdentity(
            device: identity.device,
            epoch: 2,
            publicKey: identity.publicKey,
            nonce: identity.nonce
        )

        #expect(!fact.isProven(of: other))
        let forged = [
            KeyRotateFact(publicKey: key.publicKey.bytes, proof: fact.proof),
            KeyRotateFact(publicKey: fact.publicKey, proof: []),
            KeyRotateFact(publicKey: [], proof: fact.proof),
        ]
        for fact in forged { #expect(!fact.isProven(of: identity)) }
    }
}
