import Documents
import Foundation
import Testing

/// The examples that people copy are true.
struct ExampleFileTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test func `every example programme can be in force`() throws {
        let directory = Self.root.appendingPathComponent("programmes")
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)

        #expect(files.contains("demo.yaml"))
        for file in files.sorted() {
            let text = try DocumentFile.text(at: directory.appendingPathComponent(file).path)
            _ = try ProgrammeDocument.programme(from: text, file: file)
        }
    }

    @Test func `the example of a store's configuration is one`() throws {
        let path = Self.root.appendingPathComponent("docs/stampd.example.yaml").path

        let text = try DocumentFile.text(at: path)
        let configuration = try AgentDocument.configuration(from: text, file: path)
        #expect(
            configuration
                == AgentConfiguration(store: "yongkang", storeTitle: configuration.storeTitle)
        )
    }

    /// What is commented out is an example too.
    @Test func `the example of a store's configuration is true with every line in force`() throws {
        let path = Self.root.appendingPathComponent("docs/stampd.example.yaml").path
        let keys = [
            "state:", "programme:", "tills:", "listen:", "hq:", "  url:", "  trustRoots: /",
            "  key: A", "pull:", "invoiceKeys:",
        ]
        let lines = try DocumentFile.text(at: path).components(separatedBy: "\n").map { line in
            if line.hasPrefix("  # adopt:") || line.hasPrefix("  #   ") {
                return "  " + line.dropFirst(4)
            }
            for key in keys where line.hasPrefix("# \(key)") { return String(line.dropFirst(2)) }
            return line
        }

        let yaml = lines.joined(separator: "\n")
        let configuration = try AgentDocument.configuration(from: yaml, file: path)
        let standard = AgentConfiguration(store: "a", storeTitle: configuration.storeTitle)
        #expect(configuration.statePath == standard.statePath)
        #expect(configuration.programmePath == standard.programmePath)
        #expect(configuration.tills == standard.tills)
        #expect(configuration.listen == standard.listen)
        #expect(configuration.hq?.url == "https://hq.example")
        #expect(configuration.hq?.trustRootsPath == "/etc/stampd/hq-ca.pem")
        #expect(configuration.pull?.address == AgentConfiguration.Pull.usualAddress)
        #expect(configuration.pull?.port == AgentConfiguration.Pull.usualPort)
        #expect(configuration.pull?.certificatePath == "/etc/stampd/pull.pem")
        #expect(configuration.invoiceKeys.count == 1)
        #expect(configuration.scanners.count == 4)
    }

    @Test func `the example of HQ's configuration is one`() throws {
        let path = Self.root.appendingPathComponent("docs/stamphq.example.yaml").path

        let text = try DocumentFile.text(at: path)
        let configuration = try HQDocument.configuration(from: text, file: path)
        #expect(configuration == HQConfiguration())
        let whole = text.replacingOccurrences(of: "# tls:", with: "tls:")
            .replacingOccurrences(of: "127.0.0.1", with: "0.0.0.0")
        let served = try HQDocument.configuration(from: whole, file: path)
        #expect(served.address == "0.0.0.0")
        #expect(served.tls?.certificatePath == "/etc/stampd/hq.pem")
    }

    @Test(
        arguments: [
            (
                "listen: {address: 0.0.0.0}",
                "1:19: 'address' is '0.0.0.0': use 127.0.0.1, or add 'tls' for other machines"
            ),
            ("tls: {certificate: /c}", "1:6: 'key' is missing: add its file"),
            ("dato: /x", "1:1: 'dato' is not known here: write 'data'"),
        ]
    )
    func `a mistake in HQ's configuration is told with its place`(yaml: String, expected: String) {
        #expect {
            try HQDocument.configuration(from: yaml, file: "h.yaml")
        } throws: {
            "\($0)" == "h.yaml:" + expected
        }
    }

    @Test func `a file that is missing, too large or no text is refused`() throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("stampd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer {
            // Allowed: what a test leaves behind in the temporary directory hurts nobody.
            try? FileManager.default.removeItem(at: directory)
        }
        let large = directory.appendingPathComponent("large").path
        let binary = directory.appendingPathComponent("binary").path
        try Data(repeating: 0x61, count: 262_145).write(to: URL(fileURLWithPath: large))
        try Data([0x61, 0xFF]).write(to: URL(fileURLWithPath: binary))

        #expect(problem(of: directory.appendingPathComponent("none").path).hasSuffix("create it"))
        #expect(problem(of: directory.path).contains("the file cannot be read: make it a file"))
        #expect(problem(of: large).hasSuffix("the file is too large: keep it within 262144 bytes"))
        #expect(problem(of: binary).hasSuffix("the file is not UTF-8: save it as UTF-8"))
    }

    private func problem(of path: String) -> String {
        do throws(DocumentError) {
            return try DocumentFile.text(at: path)
        } catch {
            return "\(error)"
        }
    }
}
