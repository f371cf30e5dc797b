import DaemonKit
import Documents
import StampAgent
import SyncWire

/// Where HQ is and which key it has, by the configuration and by the enrolment.
struct HQPlace {
    let url: String
    let trustRootsPath: String?
    let publicKey: PublicKey
}

/// The enrolment in the agent's state directory.
enum EnrolmentFile {
    /// Writes an enrolment; the disk holds it afterwards.
    static func write(_ enrolment: Enrolment, to statePath: String) throws(FileError) {
        try DurableFile.write(enrolment.bytes, to: path(in: statePath), mode: 0o600)
    }

    /// Reads the enrolment, or nil if the device is not enrolled.
    ///
    /// - Throws: `EnrolmentFileError`.
    static func read(from statePath: String) throws(EnrolmentFileError) -> Enrolment? {
        let path = path(in: statePath)
        let bytes: [UInt8]?
        do throws(FileError) {
            bytes = try DurableFile.read(path)
        } catch {
            throw .file(error)
        }
        guard let bytes else { return nil }
        guard let enrolment = Enrolment(parsing: bytes) else { throw .damaged(path: path) }
        return enrolment
    }

    private static func path(in statePath: String) -> String { "\(statePath)/enrolment.json" }
}

/// Why an enrolment cannot be read; the store works meanwhile, as if HQ were away.
enum EnrolmentFileError: Error, CustomStringConvertible {
    case file(FileError)
    case damaged(path: String)

    var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .damaged(let path):
            "\(path) is damaged: have HQ's operator make a code and run 'stampctl enroll' again"
        }
    }
}

extension HQPlace {
    /// What holds: the configuration where it says something, else the enrolment.
    ///
    /// - Throws: `NotEnrolled` if an HQ is configured whose key nobody told.
    init?(_ configured: AgentConfiguration.HQ?, _ enrolment: Enrolment?) throws(NotEnrolled) {
        guard let url = configured?.url ?? enrolment?.url else { return nil }
        let key = configured?.publicKey.flatMap { PublicKey($0) } ?? enrolment?.hqKey
        guard let key else { throw NotEnrolled() }
        self.url = url
        trustRootsPath = configured?.trustRootsPath ?? enrolment?.trustRootsPath
        publicKey = key
    }
}

/// The configuration names an HQ, and there is no key to know it by.
struct NotEnrolled: Error, CustomStringConvertible {
    var description: String {
        "this device is not enrolled: have HQ's operator make a code, run 'stampctl enroll', and"
            + " restart the agent"
    }
}
