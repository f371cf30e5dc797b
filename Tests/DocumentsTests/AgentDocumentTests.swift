import Documents
import LoyaltyCore
import Testing

/// What the agent's file may say, and what its writer is told.
struct AgentDocumentTests {
    private static let header = """
        store: yongkang
        storeTitle: {zh-Hant: 永康店, en: Yongkang}

        """
    private static let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

    @Test func `a store needs no more than its name and its title`() throws {
        let configuration = try AgentDocument.configuration(from: Self.header, file: "s.yaml")

        let title = LocalText(zhHant: "永康店", en: "Yongkang")
        #expect(configuration == AgentConfiguration(store: "yongkang", storeTitle: title))
    }

    @Test func `a file that uses every key says all of it`() throws {
        let yaml =
            Self.header + """
                state: /srv/stampd
                programme: /srv/programme.yaml
                tills: ["1", left]
                listen: {address: "::1", port: 0, socket: /tmp/s}
                hq: {url: "https://hq.example:8470/", trustRoots: /etc/ca.pem, key: \(Self.key)}
                invoiceKeys: ["00112233445566778899AABBCCDDEEFF"]
                managers:
                  - {id: anna, secret: /etc/stampd/manager-anna.secret}
                  - {id: ben, secret: manager-ben}
                scanners:
                  adoptKnown: false
                  adopt:
                    - {match: "05e0:1200:S_1", till: left, label: 左, altNumpad: unicode}
                    - match: /dev/pts/3
                      transport: serial
                      baud: 115200
                      dataBits: 7
                      stopBits: 2
                      parity: even
                      flowControl: software

                """
        let configuration = try AgentDocument.configuration(from: yaml, file: "s.yaml")

        let expected = AgentConfiguration(
            store: "yongkang",
            storeTitle: LocalText(zhHant: "永康店", en: "Yongkang"),
            statePath: "/srv/stampd",
            programmePath: "/srv/programme.yaml",
            tills: ["1", "left"],
            listen: .init(address: "::1", port: 0, socketPath: "/tmp/s"),
            hq: .init(
                url: "https://hq.example:8470",
                trustRootsPath: "/etc/ca.pem",
                publicKey: Array(repeating: 0, count: 32)
            ),
            invoiceKeys: [(0...15).map { UInt8($0 * 0x11) }],
            managers: [
                .init(id: "anna", secret: "/etc/stampd/manager-anna.secret"),
                .init(id: "ben", secret: "manager-ben"),
            ],
            adoptsKnownScanners: false,
            scanners: [
                .init(match: "05e0:1200:S_1", till: "left", label: "左", altNumpad: .unicode),
                .init(
                    match: "/dev/pts/3",
                    transport: .serial,
                    serial: .init(
                        baud: 115_200,
                        dataBits: 7,
                        stopBits: 2,
                        parity: .even,
                        flowControl: .software
                    )
                ),
            ]
        )
        #expect(configuration == expected)
    }

    @Test(
        arguments: [
            ("tills: []", "3:8: 'tills' has 0 elements: use 1 to 64"),
            (
                "tills: [1]",
                "3:9: 'tills' is 1, which is not a text to every reader:"
                    + " put it in quotation marks, \"1\""
            ),
            ("tills: [a, a]", "3:12: till 'a' is named twice: keep one"),
            ("tills: [A]", "3:9: 'tills' is 'A': use 1 to 40 of a-z, 0-9 and -"),
            ("state: var", "3:8: 'state' is 'var': use a path that starts with /"),
            (
                "listen: {address: 0.0.0.0}",
                "3:19: 'address' is '0.0.0.0': use 127.0.0.1 or \"::1\": only this machine may call"
            ),
            (
                "listen: {address: localhost}",
                "3:19: 'address' is 'localhost': use 127.0.0.1 or \"::1\":"
                    + " only this machine may call"
            ),
            ("listen: {port: 65536}", "3:16: 'port' is '65536': use 0 to 65535"),
            ("listen: {port: -1}", "3:16: 'port' is '-1': use 0 to 65535"),
            ("listen: {prot: 1}", "3:10: 'prot' is not known here: write 'port'"),
            ("listen: 8737", "3:9: 'listen' is '8737': use the names address, port, socket"),
            (
                "hq: {url: \"http://hq.example\", key: \(key)}",
                "3:11: 'url' is 'http://hq.example':"
                    + " use https://, since the line to another machine can be listened to"
            ),
            (
                "hq: {url: \"http://127.0.0.1@evil.example\", key: \(key)}",
                "3:11: 'url' is 'http://127.0.0.1@evil.example':"
                    + " use an address such as https://hq.example"
            ),
            (
                "hq: {url: \"https://\", key: \(key)}",
                "3:11: 'url' is 'https://': use an address such as https://hq.example"
            ),
            (
                "hq: {url: \"https://hq.example\", key: QUJD}",
                "3:38: 'key' is 'QUJD': use HQ's public key as 'stamphq init' prints it"
            ),
            (
                "pull: {certificate: /c, key: /k}",
                "3:7: 'pull' needs to know HQ's key: add the 'hq' block, or leave 'pull' out"
            ),
            (
                "hq: {url: \"https://hq.example\", key: \(hqKey)}\npull: {key: /k}",
                "4:7: 'certificate' is missing: add its file"
            ),
            (
                "hq: {url: \"https://hq.example\", key: \(hqKey)}\n"
                    + "pull: {address: a.example, certificate: /c, key: /k}",
                "4:17: 'address' is 'a.example': use an IP address, such as 0.0.0.0 for all"
            ),
            (
                "invoiceKeys: [\"00112233445566778899AABBCCDDEEFG\"]",
                "3:15: 'invoiceKeys' has a key of another form:"
                    + " use 32 hexadecimal digits, in quotation marks"
            ),
            (
                "managers: [{id: anna}]",
                "3:12: 'secret' is missing:"
                    + " add a file's path, or a credential's name such as manager-anna"
            ),
            (
                "managers: [{id: Anna, secret: /a}]",
                "3:17: 'id' is 'Anna': use 1 to 40 of a-z, 0-9 and -"
            ),
            (
                "managers: [{id: a, secret: /a}, {id: a, secret: /b}]",
                "3:33: manager 'a' is named twice: keep one"
            ),
            (
                "managers: [\(managers(17))]",
                "3:11: 'managers' has 17 elements: use 0 to 16"
            ),
            ("scanners: {adoptKnown: yes}", "3:24: 'adoptKnown' is 'yes': use true or false"),
            (
                "scanners: {adopt: [{match: \"05e0:1200\"}]}",
                "3:28: 'match' is '05e0:1200': use '05e0:1200:SERIAL' or '05e0:1200@PORT',"
                    + " to name just one"
            ),
            (
                "scanners: {adopt: [{match: \"5e0:1200@usb\"}]}",
                "3:28: 'match' is '5e0:1200@usb': use vid:pid:serial, vid:pid@port, a port,"
                    + " or a path"
            ),
            (
                "scanners: {adopt: [{match: \"05e0:1200@\"}]}",
                "3:28: 'match' is '05e0:1200@': use vid:pid:serial, vid:pid@port, a port,"
                    + " or a path"
            ),
            (
                "scanners: {adopt: [{match: a}, {match: a}]}",
                "3:32: 'a' is adopted twice: keep one"
            ),
            (
                "scanners: {adopt: [{match: a, till: \"2\"}]}",
                "3:37: 'till' is '2': use one of 'tills': 1"
            ),
            (
                "scanners: {adopt: [{match: a, transport: usb}]}",
                "3:42: 'transport' is 'usb': use keyboard, serial or hid-pos"
            ),
            (
                "scanners: {adopt: [{match: a, baud: 9601}]}",
                "3:37: 'baud' is '9601': use 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200,"
                    + " 230400, 460800, 921600"
            ),
            (
                "scanners: {adopt: [{match: a, transport: keyboard, baud: 9600}]}",
                "3:58: 'baud' is for serial scanners, and this one is keyboard: remove it"
            ),
            (
                "scanners: {adopt: [{match: a, dataBits: 9}]}",
                "3:41: 'dataBits' is '9': use 7 to 8"
            ),
            ("scaners: {}", "3:1: 'scaners' is not known here: write 'scanners'"),
        ]
    )
    func `a mistake is told with its line, its column and what to write`(
        line: String,
        expected: String
    ) {
        #expect(message(of: Self.header + line) == "s.yaml:" + expected)
    }

    @Test func `as many managers as there may be are read`() throws {
        let yaml = Self.header + "managers: [\(Self.managers(16))]"
        let configuration = try AgentDocument.configuration(from: yaml, file: "s.yaml")

        #expect(configuration.managers.count == AgentConfiguration.managerCountMax)
    }

    @Test(arguments: ["3132333435363738393031323334353637383930", "GEZDGNBVGY3TQOJQ", "a b"])
    func `a secret that was written into the file is not repeated in a message`(secret: String) {
        let told = message(of: Self.header + "managers: [{id: anna, secret: \"\(secret)\"}]")

        #expect(told.contains("'secret' has a key of another form"))
        #expect(!told.contains(secret))
    }

    static func managers(_ count: Int) -> String {
        (1...count).map { "{id: m\($0), secret: /s\($0)}" }.joined(separator: ", ")
    }

    /// HQ's public key as 'stamphq init' prints it.
    static let hqKey = String(repeating: "A", count: 43) + "="

    @Test func `a key for invoices is never repeated in a message`() {
        let secret = "00112233445566778899AABBCCDDEEF"

        #expect(!message(of: Self.header + "invoiceKeys: [\"\(secret)\"]").contains(secret))
    }

    @Test(arguments: [(107, true), (108, false)])
    func `a socket's path has at most 107 bytes`(byteCount: Int, isRead: Bool) {
        let path = "/" + String(repeating: "s", count: byteCount - 1)

        #expect((message(of: Self.header + "listen: {socket: \(path)}") == "no mistake") == isRead)
    }

    @Test(arguments: [(64, true), (65, false)])
    func `a store has at most 64 tills`(count: Int, isRead: Bool) {
        let tills = (1...count).map { "t\($0)" }.joined(separator: ", ")

        #expect((message(of: Self.header + "tills: [\(tills)]") == "no mistake") == isRead)
    }

    @Test(arguments: [(40, true), (41, false)])
    func `a scanner's label has at most 40 characters`(count: Int, isRead: Bool) {
        let label = String(repeating: "左", count: count)
        let yaml = Self.header + "scanners: {adopt: [{match: a, label: \(label)}]}"

        #expect((message(of: yaml) == "no mistake") == isRead)
    }

    private func message(of yaml: String) -> String {
        do throws(DocumentError) {
            _ = try AgentDocument.configuration(from: yaml, file: "s.yaml")
            return "no mistake"
        } catch {
            return "\(error)"
        }
    }
}
