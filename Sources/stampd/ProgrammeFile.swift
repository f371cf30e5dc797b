import DaemonKit
import Documents
import LoyaltyCore

/// The programme on disk, and the copy of the last one that was in order.
///
/// A marketing mistake must not stop the tills: if the file is broken, the last good programme
/// stays in force and the status says what is wrong with the new one.
struct ProgrammeFile {
    /// The file that marketing writes.
    let path: String
    /// Where the last good one is kept.
    let copyPath: String

    /// What is in force, and why it is not what the file says, if it is not.
    struct Loaded {
        /// The programme in force.
        let programme: Programme
        /// What is wrong with the file; nil while it is in force.
        let problem: String?
    }

    init(_ configuration: AgentConfiguration) {
        path = configuration.programmePath
        copyPath = "\(configuration.statePath)/programme.last-good.yaml"
    }

    /// Reads the programme.
    ///
    /// - Parameter active: The programme in force, if one is; an older edition does not replace it.
    /// - Returns: What is in force from now on.
    /// - Throws: `DocumentError` if the file is broken and nothing is or was in force.
    func load(replacing active: Programme?) throws -> Loaded {
        do {
            let text = try DocumentFile.text(at: path)
            let programme = try ProgrammeDocument.programme(from: text, file: path)
            if let active, let problem = problem(with: programme, replacing: active) {
                return Loaded(programme: active, problem: problem)
            }
            let copy = Array(text.utf8)
            if try DurableFile.read(copyPath) != copy {
                try DurableFile.write(copy, to: copyPath, mode: 0o644)
            }
            return Loaded(programme: programme, problem: nil)
        } catch {
            guard let lastGood = try active ?? lastGood() else { throw error }
            return Loaded(programme: lastGood, problem: "\(error)")
        }
    }

    private func problem(with new: Programme, replacing active: Programme) -> String? {
        guard new != active, new.name == active.name, new.version <= active.version
        else { return nil }
        return "\(path): version \(new.version) does not follow version \(active.version) in force:"
            + " raise 'version'"
    }

    private func lastGood() throws -> Programme? {
        guard let bytes = try DurableFile.read(copyPath) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        return try ProgrammeDocument.programme(from: text, file: copyPath)
    }
}
