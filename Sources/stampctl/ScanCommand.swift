import ArgumentParser
import Foundation

/// `stampctl scan`: types into the demo's virtual scanner.
struct ScanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract: "Type a scan into the demo's virtual scanner.",
        discussion: "Needs a running 'make demo'. The text is ended as scanners end theirs."
    )

    @Argument(help: "What the scanner reads, such as a member card's 17 digits.")
    var text: String

    func run() throws {
        let path = "/tmp/stampd-demo-\(getuid())/scanner"
        var status = stat()
        guard lstat(path, &status) == 0, status.st_uid == getuid(),
            status.st_mode & S_IFMT == S_IFIFO
        else { throw ScanError.noDemo }
        let descriptor = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw ScanError.noDemo }
        defer { close(descriptor) }
        let bytes = Array(text.utf8) + [0x0D]
        guard write(descriptor, bytes, bytes.count) == bytes.count else { throw ScanError.notTyped }
    }
}

/// Why nothing was typed.
enum ScanError: Error, CustomStringConvertible {
    case noDemo
    case notTyped

    var description: String {
        switch self {
        case .noDemo: "no demo of yours is running: start one with 'make demo'"
        case .notTyped: "the virtual scanner takes no more: scan one code at a time"
        }
    }
}
