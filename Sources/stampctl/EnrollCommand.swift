import ArgumentParser
import Foundation

/// `stampctl enroll`: has the agent's own program connect this device to HQ.
///
/// The key belongs to the agent: only its program reads or makes it.
struct EnrollCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enroll",
        abstract: "Connect this device to HQ with a one-time code of HQ's operator.",
        discussion: """
            Runs 'stampd enroll' of the same installation. The device's key is made here if there \
            is none yet, and never leaves this machine. Run as root or as the agent's user.
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
    @Option(help: "The agent's configuration file.")
    var config: String?

    func run() throws {
        let options = [("hq", hq), ("code", code), ("trust", trust), ("hq-key", hqKey)]
        let given = (options + [("config", config)]).flatMap { name, value in
            value.map { ["--\(name)", $0] } ?? []
        }
        throw AgentProgram.failure(running: ["enroll"] + given)
    }
}

/// The agent's program, beside this one.
enum AgentProgram {
    /// Becomes the agent's program; only comes back if that cannot be.
    static func failure(running arguments: [String]) -> AgentProgramError {
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let path = own.deletingLastPathComponent().appendingPathComponent("stampd").path
        var words = ([path] + arguments).map { strdup($0) }
        words.append(nil)
        execv(path, &words)
        return AgentProgramError(path: path, errno: errno)
    }
}

/// The agent's program cannot be run.
struct AgentProgramError: Error, CustomStringConvertible {
    let path: String
    let errno: Int32

    var description: String {
        "\(path) cannot be run: \(String(cString: strerror(errno))): install stampd beside stampctl"
    }
}
