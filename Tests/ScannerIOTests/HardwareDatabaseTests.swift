import Foundation
import Testing

@testable import ScannerIO

/// The scanners that udev marks, and the tool that udev looks them up with.
struct HardwareDatabaseTests {
    @Test func `every mark is one that the agent knows`() throws {
        let marks = try lines().filter { $0.hasPrefix(" ") }
        #expect(!marks.isEmpty)
        for mark in marks {
            let parts = mark.split(separator: "=", maxSplits: 1).map(String.init)
            #expect(parts.first == " STAMPD_SCANNER")
            #expect(parts.last.flatMap(ScannerTransport.init(rawValue:)) != nil, "\(mark)")
        }
    }

    @Test func `every key can match, and none is a number that many products share`() throws {
        let keys = try lines().filter { $0.hasPrefix("stampd:") }
        #expect(keys.count > 60)
        for key in keys {
            // sysfs writes lower case, and the rules end their question with a colon.
            let pattern = /stampd:usb:v([0-9a-f]{4})p([0-9a-f?]{4}):\*/
            let match = try #require(try pattern.wholeMatch(in: key), "\(key)")
            let product = match.2.replacing("?", with: "0")
            let model = ModelID(vendorID: String(match.1), productID: String(product))
            #expect(!GenericDevice.contains(try #require(model)), "\(key)")
        }
    }

    @Test(
        arguments: [
            ("stampd:usb:v05e0p1200:", "STAMPD_SCANNER=keyboard\n"),
            ("stampd:usb:v05e0p1701:", "STAMPD_SCANNER=serial\n"),
            ("stampd:usb:v0c2ep0901:", "STAMPD_SCANNER=hid-pos\n"),
            ("stampd:usb:v1eabp1403:", "STAMPD_SCANNER=keyboard\n"),
            ("stampd:usb:v1eabp0c06:", "STAMPD_SCANNER=serial\n"),
            ("stampd:usb:v1eabp8210:", "STAMPD_SCANNER=hid-pos\n"),
            ("stampd:usb:v1eabp1402:", ""),
            ("stampd:usb:v1a86p7523:", ""),
            ("stampd:usb:v046dpc31c:", ""),
            ("stampd:port:pci-0000:00:14.0-usb-0:4:", "STAMPD_SCANNER=serial\n"),
            ("stampd:port:pci-0000:00:14.0-usb-0:4:1.0:", "STAMPD_SCANNER=serial\n"),
            ("stampd:port:pci-0000:00:14.0-usb-0:41:1.0:", ""),
            ("stampd:port:pci-0000:00:14.0-usb-0:4.1:1.0:", ""),
        ]
    )
    func `udev's own tool finds a scanner's mark`(key: String, mark: String) throws {
        let files = FileManager.default
        let root = files.temporaryDirectory.appending(path: UUID().uuidString)
        let folder = root.appending(path: "etc/udev/hwdb.d")
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        try files.copyItem(at: Self.database, to: folder.appending(path: "61-stampd.hwdb"))
        // The store's own file, as the comment in ours shows it.
        try Data("stampd:port:pci-0000:00:14.0-usb-0:4:*\n STAMPD_SCANNER=serial\n".utf8)
            .write(to: folder.appending(path: "90-stampd-local.hwdb"))

        _ = try systemdHwdb("--root=\(root.path)", "--strict", "update")
        #expect(try systemdHwdb("--root=\(root.path)", "query", key) == mark)
        try files.removeItem(at: root)
    }

    private static let database = URL(filePath: #filePath)
        .deletingLastPathComponent()
        .appending(path: "../../udev/61-stampd.hwdb")
        .standardizedFileURL

    private func lines() throws -> [String] {
        try String(contentsOf: Self.database, encoding: .utf8)
            .split(separator: "\n")
            .map(String.init)
            .filter { !$0.hasPrefix("#") }
    }

    private func systemdHwdb(_ arguments: String...) throws -> String {
        let tool = ["/usr/bin/systemd-hwdb", "/bin/systemd-hwdb"].first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(
            filePath: try #require(tool, "systemd-hwdb is missing: apt-get install udev")
        )
        process.arguments = arguments
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return String(decoding: data, as: UTF8.self)
    }
}
