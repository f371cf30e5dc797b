import LoyaltyCore
import SyncWire
import Testing

/// What HQ wants of a device, on the wire.
struct CommandTests {
    private let key = SigningKey()
    private let device = DeviceID(at: WallTime(unixMs: 1), random: [1])

    private func list(_ commands: [CommandListV1.Command]) -> CommandListV1 {
        CommandListV1(device: device, commands: commands, serverMs: 5)
    }

    @Test func `a list comes through as it was, and only by HQ's key`() throws {
        let list = list([.init(id: 1, action: .pull), .init(id: 7, action: .rotateKey)])
        let bytes = list.bytes(signedBy: key)

        #expect(try CommandListV1(parsing: bytes, signedBy: key.publicKey) == list)
        #expect(throws: DownError.signatureInvalid) {
            try CommandListV1(parsing: bytes, signedBy: SigningKey().publicKey)
        }
        #expect(throws: DownError.notFromHQ) {
            try CommandListV1(parsing: Array("<html>".utf8), signedBy: key.publicKey)
        }
    }

    @Test func `numbers that do not rise are refused`() {
        for ids in [[Int64(2), 2], [2, 1], [0]] {
            let bytes = list(ids.map { .init(id: $0, action: .pull) }).bytes(signedBy: key)
            #expect(throws: DownError.malformed(field: "id")) {
                try CommandListV1(parsing: bytes, signedBy: key.publicKey)
            }
        }
    }
}
