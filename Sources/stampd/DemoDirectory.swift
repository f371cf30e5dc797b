import Foundation

/// Where a demo keeps what it needs while it runs; one a user, emptied at each start.
struct DemoDirectory: Sendable {
    /// The directory, which only its user can enter.
    let path: String

    var hqPath: String { "\(path)/hq" }
    var statePath: String { "\(path)/state" }
    var programmePath: String { "\(path)/programme.yaml" }
    var socketPath: String { "\(path)/stampd.sock" }
    /// A FIFO: what `stampctl scan` writes to it is typed into the virtual scanner.
    var scannerPath: String { "\(path)/scanner" }

    /// The demo directory of this user.
    static var standardPath: String { "/tmp/stampd-demo-\(getuid())" }

    /// Makes the directory, empty.
    ///
    /// - Throws: `DemoError` if another demo runs, or the directory is somebody else's.
    init() throws {
        path = Self.standardPath
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw DemoError.directory(path) }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_uid == getuid(),
            status.st_mode & S_IFMT == S_IFDIR, status.st_mode & 0o077 == 0
        else { throw DemoError.directory(path) }
        // The lock ends with this process, however it ends; the file stays out of the clean-up.
        let lock = open("\(path)/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw DemoError.running }
        try empty()
        guard mkfifo(scannerPath, 0o600) == 0 else { throw DemoError.directory(path) }
    }

    /// Removes everything but the lock.
    func remove() {
        // Allowed: what cannot be removed now is removed by the next demo's start.
        try? empty()
    }

    private func empty() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: path) where name != "lock" {
            try FileManager.default.removeItem(atPath: "\(path)/\(name)")
        }
    }
}

/// Why a demo cannot start.
enum DemoError: Error, CustomStringConvertible {
    case running
    case directory(String)

    var description: String {
        switch self {
        case .running: "a demo runs already: end that one with Ctrl-C first"
        case .directory(let path):
            "\(path) cannot be used: remove it if it is yours, and start the demo again"
        }
    }
}
