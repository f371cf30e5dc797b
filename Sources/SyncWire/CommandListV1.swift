import LoyaltyCore

/// What HQ's operator wants a device to do, version 1; HQ signs the list.
///
/// A device does them in order, each at least once, and says up to which with its next question.
public struct CommandListV1: Hashable, Sendable {
    /// Something a device can do.
    public enum Action: String, CaseIterable, Sendable {
        /// Push what waits now, without waiting out a pause.
        case pull
        /// Go on under a new key.
        case rotateKey
        /// Ask for the grants that wait.
        case takeGrants
    }

    /// One wish.
    public struct Command: Hashable, Sendable {
        /// Its number; later ones are higher.
        public let id: Int64
        /// What to do; nil for what belongs to a later version, which is passed over.
        public let action: Action?

        /// Creates a command.
        public init(id: Int64, action: Action?) {
            self.id = id
            self.action = action
        }
    }

    /// For whom they are.
    public let device: DeviceID
    /// What is wished, in order.
    public let commands: [Command]
    /// HQ's clock when it answered, in POSIX milliseconds.
    public let serverMs: Int64

    /// Most bytes of a list.
    ///
    /// Source: our own bound; HQ keeps each action once, and one has some 30 bytes.
    public static let byteCountMax = 65_536

    /// Creates a list.
    public init(device: DeviceID, commands: [Command], serverMs: Int64) {
        self.device = device
        self.commands = commands
        self.serverMs = serverMs
    }

    /// Where a device asks for its list.
    public static func path(of device: DeviceID) -> String {
        "/v1/devices/\(device.text)/commands"
    }

    /// The list as it is sent.
    public func bytes(signedBy key: SigningKey) -> [UInt8] {
        let lines: [CanonicalJSON] = commands.compactMap { command in
            command.action.map { action in
                ["id": .integer(command.id), "do": .string(action.rawValue)]
            }
        }
        return SignedBody.bytes(
            [
                .init("v", 1),
                .init("kind", "commands"),
                .init("dev", .string(device.text)),
                .init("commands", .array(lines)),
                .init("serverMs", .integer(serverMs)),
            ],
            signedBy: key
        )
    }

    /// Reads a list and checks HQ's signature.
    ///
    /// - Parameters:
    ///   - bytes: The reply's body.
    ///   - key: HQ's public key.
    /// - Throws: `DownError`; nothing of the reply may be used then.
    public init(parsing bytes: [UInt8], signedBy key: PublicKey) throws(DownError) {
        let json = try SignedBody.object(
            parsing: bytes,
            kind: "commands",
            byteCountMax: Self.byteCountMax,
            signedBy: key
        )
        guard let device = json["dev"]?.stringValue.flatMap({ DeviceID($0) })
        else { throw .malformed(field: "dev") }
        guard let serverMs = json["serverMs"]?.integerValue, serverMs >= 0
        else { throw .malformed(field: "serverMs") }
        guard let lines = json["commands"]?.arrayValue else { throw .malformed(field: "commands") }
        var commands: [Command] = []
        for line in lines {
            guard let id = line["id"]?.integerValue, id > commands.last?.id ?? 0
            else { throw .malformed(field: "id") }
            guard let text = line["do"]?.stringValue else { throw .malformed(field: "do") }
            commands.append(Command(id: id, action: Action(rawValue: text)))
        }
        self.init(device: device, commands: commands, serverMs: serverMs)
    }
}
