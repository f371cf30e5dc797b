public import LoyaltyCore

/// A place in a log: after this many entries its hash is this.
public struct LogPosition: Hashable, Sendable {
    /// The number of the last entry; 0 before the first.
    public let sequence: Int64
    /// The log's hash up to and including it.
    public let hash: ChainHash

    /// Creates a position.
    public init(sequence: Int64, hash: ChainHash) {
        self.sequence = sequence
        self.hash = hash
    }
}

extension LogIdentity {
    /// The place before the first entry.
    public var start: LogPosition { LogPosition(sequence: 0, hash: genesis) }
}

extension LogLine {
    /// The place after this entry.
    public var position: LogPosition { LogPosition(sequence: sequence, hash: hash) }
}

/// A device's signature under a place in its log.
///
/// One signature vouches for every entry before it, since the hash covers them all. In the spirit
/// of C2SP tlog-checkpoint: a device must not sign one that contradicts an earlier one.
public struct Checkpoint: Hashable, Sendable {
    /// Whose log it is.
    public let device: DeviceID
    /// Which incarnation of it.
    public let epoch: Int64
    /// The place that is signed.
    public let position: LogPosition
    /// When it was signed, by the device's wall clock.
    public let wall: WallTime
    /// Which key signed.
    public let keyID: KeyID
    /// The Ed25519 signature, 64 bytes.
    public let signature: [UInt8]

    /// Signs a place in a log.
    public init(
        device: DeviceID,
        epoch: Int64,
        position: LogPosition,
        wall: WallTime,
        signedBy key: SigningKey
    ) {
        let text = Self.text(device, epoch, position, wall)
        self.init(
            device: device,
            epoch: epoch,
            position: position,
            wall: wall,
            keyID: key.keyID,
            signature: key.signature(for: Array(text.utf8))
        )
    }

    /// Creates a checkpoint from what was received; `isSigned(by:)` tells what it is worth.
    public init(
        device: DeviceID,
        epoch: Int64,
        position: LogPosition,
        wall: WallTime,
        keyID: KeyID,
        signature: [UInt8]
    ) {
        self.device = device
        self.epoch = epoch
        self.position = position
        self.wall = wall
        self.keyID = keyID
        self.signature = signature
    }

    /// The text that is signed, six lines:
    /// `stampd/ckpt/v1`, device, epoch, sequence, base64 of the hash, milliseconds.
    public var text: String { Self.text(device, epoch, position, wall) }

    /// Whether the owner of a key signed this place.
    public func isSigned(by key: PublicKey) -> Bool {
        key.keyID == keyID && key.isValid(signature, for: Array(text.utf8))
    }

    private static func text(
        _ device: DeviceID,
        _ epoch: Int64,
        _ position: LogPosition,
        _ wall: WallTime
    ) -> String {
        "stampd/ckpt/v1\n\(device.text)\n\(epoch)\n\(position.sequence)\n"
            + "\(Base64.text(position.hash.bytes))\n\(wall.unixMs)\n"
    }
}

extension Checkpoint {
    /// The last line of a batch; device and epoch stand in its first line.
    var json: CanonicalJSON {
        [
            "kind": "ckpt",
            "seq": .integer(position.sequence),
            "h": .string(Base64.text(position.hash.bytes)),
            "wallMs": .integer(wall.unixMs),
            "kid": .string(keyID.text),
            "sig": .string(Base64.text(signature)),
        ]
    }

    /// Reads the last line of a batch, or gives nil if it is something else.
    init?(_ json: CanonicalJSON, device: DeviceID, epoch: Int64) {
        guard json["kind"]?.stringValue == "ckpt",
            let sequence = json["seq"]?.integerValue,
            let hash = json["h"]?.stringValue.flatMap({ ChainHash(base64: $0) }),
            let wallMs = json["wallMs"]?.integerValue,
            let keyID = json["kid"]?.stringValue.flatMap(KeyID.init),
            let signature = json["sig"]?.stringValue.flatMap({ Base64.bytes($0) }),
            signature.count == PublicKey.signatureByteCount
        else { return nil }
        self.init(
            device: device,
            epoch: epoch,
            position: LogPosition(sequence: sequence, hash: hash),
            wall: WallTime(unixMs: wallMs),
            keyID: keyID,
            signature: signature
        )
    }
}

extension ChainHash {
    /// Reads a hash from the wire, or gives nil if the text is not 32 bytes of base64.
    init?(base64 text: String) {
        guard let bytes = Base64.bytes(text) else { return nil }
        self.init(bytes)
    }
}
