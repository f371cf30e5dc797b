import Foundation
import Testing

/// A store that changes its key, with the programs as they ship, against an HQ over HTTPS.
struct KeyRotationTests {
    @Test func `one command changes the key, HQ follows, and a restart goes on with both`() throws {
        let store = try TestShop()
        try store.enroll(code: try store.code())
        let first = try store.directory.run("cat state/device.key")

        let told = try store.rotateKey()

        #expect(told.contains(" tells HQ of key "), "\(told)")
        let ring = try store.directory.run("cat state/device.keys; stat -c %a state/device.keys")
            .split(separator: "\n")
        #expect(ring.count == 4)
        #expect(ring[1] == first.prefix(64))
        #expect(ring[3] == "600")
        // As after a power cut that undid the deletion of what the ring took over.
        try store.directory.run("test ! -e state/device.key; echo 00 > state/device.key")
        let again = try store.rotateKey()
        #expect(again.contains(" tells HQ of key "), "\(again)")
        try store.directory.run("test ! -e state/device.key; test $(wc -l < state/device.keys) = 4")
    }

    @Test func `a device that changed its key enrols again with the one that HQ knows`() throws {
        let store = try TestShop()
        try store.enroll(code: try store.code())
        _ = try store.rotateKey()
        try store.directory.run("rm state/enrolment.json")

        let told = try store.enroll(code: try store.code())

        #expect(told.contains("enrolled: device "), "\(told)")
        #expect(try store.rotateKey().contains(" tells HQ of key "))
    }

    @Test func `a key of systemd's is followed by the one that systemd hands over`() throws {
        let store = try TestShop()
        try store.directory.run(
            "mkdir -m 700 given; openssl rand -hex 32 > given/device-key; chmod 600 given/*"
        )
        let given = "CREDENTIALS_DIRECTORY=$PWD/given "
        try store.enroll(code: try store.code(), given: given)

        let refused = try store.rotateKey(given, expecting: 1)
        #expect(refused.contains("as the credential device-key-next"), "\(refused)")
        try store.directory.run("openssl rand -hex 32 > given/device-key-next")
        let told = try store.rotateKey(given)

        #expect(told.contains(" tells HQ of key "), "\(told)")
        try store.directory.run("test $(wc -l < state/device.keys) = 1")
        // The next change begins with the second key alone; the log still hangs from the first.
        try store.directory.run("mv given/device-key-next given/device-key")
        #expect(try store.rotateKey(given, expecting: 1).contains("device-key-next"))
        let lost = try store.directory.run("! \(store.run) 2>&1")
        #expect(lost.contains("this device's key came from systemd"), "\(lost)")
    }
}
