import ArgumentParser
import DaemonKit
import Documents
import Foundation
import LoyaltyCore
import StampAgent
import SyncWire

/// `stampd enroll`: has HQ let this device in, by its operator's code.
struct Enroll: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Connect this device to HQ with a one-time code of HQ's operator.",
        discussion: """
            The device's key is made here if there is none yet, and never leaves this machine. \
            Run as root or as the agent's user; root becomes the owner of the state directory. If \
            the answer is lost, run the same command again. Then restart the agent.
            """
    )

    @Option(help: "HQ's address; the configuration's if left out.")
    var hq: String?
    @Option(help: "The code, such as 8Q2M4-0X1YZ.")
    var code: String
    @Option(help: "A PEM file with the certificates that vouch for HQ; else the system's do.")
    var trust: String?
    @Option(help: "HQ's public key as 'stamphq init' prints it; refuses any other HQ.")
    var hqKey: String?
    @Option(help: "The configuration file.")
    var config = "/etc/stampd/stampd.yaml"

    func run() async throws {
        let configuration = try AgentDocument.configuration(
            from: DocumentFile.text(at: config),
            file: config
        )
        let url = try address(configuration.hq?.url)
        let expected = try expectedKey(configuration.hq?.publicKey)
        guard let code = EnrolmentCode(code) else {
            throw ValidationError(
                "'--code' has \(EnrolmentCode.characterCount) letters and digits, such as"
                    + " 8Q2M4-0X1YZ."
            )
        }
        // Made by root, the agent could not read it.
        guard getuid() != 0 || access(configuration.statePath, F_OK) == 0 else {
            throw ValidationError(
                "\(configuration.statePath) is not there yet: start the agent once, which makes it"
                    + " ('systemctl start stampd'), then enrol."
            )
        }
        try Privileges.becomeOwner(of: configuration.statePath)
        let device = try DeviceKey.load(from: configuration.statePath, clock: wallClockNow())
        // An earlier run may have been killed: HQ must not know a key that a power cut takes away.
        try DurableFile.settle(configuration.statePath)
        let trustPath =
            trust.map { URL(fileURLWithPath: $0).path } ?? configuration.hq?.trustRootsPath
        let enrolment = try await enrol(code, device, url, trustPath, expected)
        try EnrolmentFile.write(enrolment, to: configuration.statePath)
        print(report(enrolment, device.identity.device, store: configuration.store))
    }

    private func address(_ configured: String?) throws -> String {
        guard let url = hq ?? configured
        else { throw ValidationError("Give '--hq' with HQ's address.") }
        if let expected = HQAddress.expected(insteadOf: url) {
            throw ValidationError("'--hq' is '\(url)': use \(expected).")
        }
        return url
    }

    private func expectedKey(_ configured: [UInt8]?) throws -> PublicKey? {
        guard let hqKey else { return configured.flatMap { PublicKey($0) } }
        guard let key = Base64.bytes(hqKey).flatMap({ PublicKey($0) }) else {
            throw ValidationError("'--hq-key' is not what 'stamphq init' prints.")
        }
        return key
    }

    private func enrol(
        _ code: EnrolmentCode,
        _ device: DeviceKey,
        _ url: String,
        _ trustPath: String?,
        _ expected: PublicKey?
    ) async throws -> Enrolment {
        let clock = AgentClock.system(
            floor: TimeFloor(),
            isSynchronised: KernelClock.isSynchronised
        )
        let link = HTTPLink(url: url, trustRootsPath: trustPath, clock: clock)
        let enroller = Enroller(authority: link.authority) { try await link.enrol($0) }
        let outcome: Result<Enroller.Answer, EnrolmentFailure>
        do throws(EnrolmentFailure) {
            outcome = .success(try await answer(enroller, code, device, expected))
        } catch {
            outcome = .failure(error)
        }
        try await link.close()
        let answer = try outcome.get()
        let enrolment = Enrolment(
            url: url,
            trustRootsPath: trustPath,
            hqKey: answer.key,
            statement: answer.statement
        )
        guard let enrolment else { throw EnrolmentFailure.answer(.signatureInvalid) }
        return enrolment
    }

    /// Asks with the key that HQ knows: the first, or one that followed it in the log.
    private func answer(
        _ enroller: Enroller,
        _ code: EnrolmentCode,
        _ device: DeviceKey,
        _ expected: PublicKey?
    ) async throws(EnrolmentFailure) -> Enroller.Answer {
        var refusal = EnrolmentFailure.answer(.signatureInvalid)
        for key in device.keys {
            let identity = device.identity
            let wish = EnrolmentV1(
                code: code,
                identity: LogIdentity(
                    device: identity.device,
                    epoch: identity.epoch,
                    publicKey: key.publicKey.bytes,
                    nonce: identity.nonce
                ),
                hardware: .thisMachine()
            )
            do throws(EnrolmentFailure) {
                return try await enroller.enrol(
                    wish,
                    signedBy: key,
                    expecting: expected,
                    nowMs: wallClockNow().unixMs
                )
            } catch {
                refusal = error
                guard case .problem(let problem) = error, problem.type == .badRequest
                else { throw error }
            }
        }
        throw refusal
    }

    private func report(_ enrolment: Enrolment, _ device: DeviceID, store: String) -> String {
        let key = enrolment.hqKey
        var lines = [
            "enrolled: device \(device.text) of store \(enrolment.store) at \(enrolment.url)",
            "HQ's key is \(Base64.text(key.bytes)) (\(key.keyID.text))",
        ]
        if enrolment.store != store {
            lines.append("the configuration calls the store \(store): write the same name there")
        }
        return (lines + ["now run: systemctl restart stampd"]).joined(separator: "\n")
    }
}

extension EnrolmentV1.Hardware {
    /// What this machine says of itself; what it does not say is empty.
    static func thisMachine() -> Self {
        var system = utsname()
        uname(&system)
        let paths = ["/sys/class/dmi/id/product_name", "/proc/device-tree/model"]
        return Self(
            model: paths.lazy.compactMap(Self.line).first ?? "",
            kernel: "\(Self.text(&system.sysname)) \(Self.text(&system.release))",
            version: agentVersion
        )
    }

    private static func line(of path: String) -> String? {
        // Allowed: not every machine has the file, and few let everyone read it.
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        let line = text.trimmingCharacters(in: .whitespacesAndNewlines.union(.controlCharacters))
        return line.isEmpty ? nil : line
    }

    /// A field of `utsname`: characters, ended by a NUL.
    private static func text(_ field: inout some Any) -> String {
        withUnsafeBytes(of: &field) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
