/// Why HQ cannot start.
public enum HQError: Error, Equatable {
    /// Another process has the database open.
    case inUse(path: String)
    /// A file or directory cannot be made, read or written.
    case file(call: String, path: String, errno: Int32)
    /// A path is too long to be a socket.
    case socketPathTooLong(path: String)
    /// The database does not keep its promise of durability.
    case notDurable(pragma: String, value: String)
    /// The certificate or its key cannot be used.
    case certificate(path: String, reason: String)
}

extension HQError: CustomStringConvertible {
    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .inUse(let path):
            "\(path) is in use by another stamphq: stop that one, or name another --data"
        case .file(let call, let path, let errno):
            "\(call) of \(path) failed (errno \(errno)): check that the directory exists, is yours"
                + " and has room"
        case .socketPathTooLong(let path):
            "\(path) is longer than a socket's path may be: choose a shorter --data"
        case .notDurable(let pragma, let value):
            "the database answers \(pragma) = \(value): nothing would be safe, so HQ does not start"
        case .certificate(let path, let reason):
            "\(path) cannot be used: \(reason); give a PEM certificate and its PEM key"
        }
    }
}
