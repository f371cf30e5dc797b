import Foundation
import NIOHTTP1
import SyncWire
import Testing

@testable import StampHQ

/// HTTPS with a throwaway certificate authority made by openssl.
struct HTTPSTests {
    @Test func `a push over HTTPS is held, and only the right authority is trusted`() async throws {
        let directory = try TemporaryDirectory()
        let files = try makeCertificates(in: directory.path)

        try await RunningHQ.run(
            settings: { $0.tls = files },
            trusting: "\(directory.path)/ca.pem"
        ) { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            try await device.join(hq)

            #expect(try await hq.pushed(device.batch(), by: device).posted == 1)
        }
        try await RunningHQ.run(
            settings: { $0.tls = files },
            trusting: "\(directory.path)/other.pem"
        ) { hq in
            await #expect(throws: (any Error).self) { try await hq.send(.GET, "/v1/health") }
        }
    }

    /// Makes two authorities and a certificate for localhost signed by the first.
    private func makeCertificates(in path: String) throws -> HQSettings.TLSFiles {
        for name in ["ca", "other"] {
            try openssl(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
                    + " -subj /CN=\(name) -keyout \(path)/\(name).key -out \(path)/\(name).pem"
            )
        }
        try "subjectAltName=DNS:localhost,IP:127.0.0.1\n"
            .write(toFile: "\(path)/san", atomically: false, encoding: .utf8)
        try openssl(
            "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost"
                + " -keyout \(path)/hq.key -out \(path)/hq.csr"
        )
        try openssl(
            "x509 -req -in \(path)/hq.csr -CA \(path)/ca.pem -CAkey \(path)/ca.key"
                + " -CAcreateserial -days 2 -extfile \(path)/san -out \(path)/hq.pem"
        )
        return HQSettings.TLSFiles(certificateFile: "\(path)/hq.pem", keyFile: "\(path)/hq.key")
    }

    private func openssl(_ arguments: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments.split(separator: " ").map(String.init)
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }
}
