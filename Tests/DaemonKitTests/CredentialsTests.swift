import DaemonKit
import Foundation
import Testing

/// What systemd's `LoadCredential=` leaves for a service.
struct CredentialsTests {
    private let digits = String(repeating: "a5", count: 32)

    @Test(arguments: [0o400, 0o440])
    func `a credential is read, also where an access list shows as the group's permission`(
        mode: Int
    ) throws {
        try withDirectory { path in
            try Data("\(digits)\n".utf8).write(to: URL(filePath: "\(path)/device-key"))
            try FileManager.default.setAttributes(
                [.posixPermissions: mode],
                ofItemAtPath: "\(path)/device-key"
            )

            let read = try Credentials.read("device-key", in: path, byteCount: 32)
            #expect(read == Array(repeating: 0xA5, count: 32))
        }
    }

    @Test func `a credential that was not given is none`() throws {
        try withDirectory { path in
            let read = try Credentials.read("device-key", in: path, byteCount: 32)
            #expect(read == nil)
        }
        #expect(try Credentials.read("device-key", in: nil, byteCount: 32) == nil)
        #expect(try Credentials.read("device-key", in: "", byteCount: 32) == nil)
    }

    @Test(arguments: [
        "", "a5", String(repeating: "a5", count: 33), String(repeating: "x", count: 64),
    ])
    func `a credential of another form is refused`(text: String) throws {
        try withDirectory { path in
            let file = "\(path)/device-key"
            try Data(text.utf8).write(to: URL(filePath: file))

            #expect(throws: SecretFileError.malformed(path: file, digitCount: 64)) {
                try Credentials.read("device-key", in: path, byteCount: 32)
            }
        }
    }

    private func withDirectory(_ body: (String) throws -> Void) throws {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("credentials-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
        defer {
            // Allowed: what stays in the temporary directory hurts nobody.
            try? FileManager.default.removeItem(at: url)
        }
        try body(url.path)
    }
}
