import Glibc

/// What a program tells systemd about itself.
///
/// Source: sd_notify(3), section "Well-known assignments".
public enum ServiceState: Equatable, Sendable {
    /// Start-up is over: what the unit promises works from now on.
    case ready
    /// One line for `systemctl status`; a line break in it becomes a space.
    case status(String)
    /// The program still does its work; systemd kills it when this stays out.
    case watchdog
    /// The program has begun to end.
    case stopping
    /// Start-up, running or stopping takes up to this much longer, counted from now.
    case extendTimeout(Duration)

    /// The assignment as it goes over the socket, without a line break.
    var assignment: String {
        switch self {
        case .ready: "READY=1"
        case .status(let text): "STATUS=" + String(text.unicodeScalars.map(Self.onOneLine))
        case .watchdog: "WATCHDOG=1"
        case .stopping: "STOPPING=1"
        case .extendTimeout(let duration): "EXTEND_TIMEOUT_USEC=\(duration.microseconds)"
        }
    }

    /// A status may name things from outside: a line break in one must not start an assignment.
    private static func onOneLine(_ scalar: Unicode.Scalar) -> Character {
        scalar.properties.generalCategory == .control ? " " : Character(scalar)
    }
}

/// Tells systemd how the program is doing.
///
/// The protocol is one datagram of `NAME=value` lines to the socket named in `NOTIFY_SOCKET`; it
/// needs no library. Without that variable, as when a person starts the program, sending does
/// nothing.
///
/// Source: sd_notify(3).
public struct ServiceNotifier: Sendable {
    private let address: String?

    /// A notifier for one socket.
    ///
    /// - Parameter address: A path, `@` and an abstract name, or nil to send nothing.
    public init(address: String?) {
        self.address = address
    }

    /// The notifier for the service manager that started this process, if one did.
    public static func fromEnvironment() -> ServiceNotifier {
        ServiceNotifier(address: environmentValue("NOTIFY_SOCKET"))
    }

    /// Sends some states in one message, which systemd applies together.
    ///
    /// - Throws: `NotifyError`, when there is a socket and it does not take the message.
    public func send(_ states: ServiceState...) throws(NotifyError) {
        guard let address else { return }
        let message = states.map(\.assignment).joined(separator: "\n")
        try DatagramSocket.send(Array(message.utf8), to: address)
    }
}

/// Why systemd could not be told.
public enum NotifyError: Error, Equatable {
    /// `NOTIFY_SOCKET` is neither a path nor an abstract name that fits a socket address.
    case unusableAddress(String)
    /// A system call failed.
    case system(call: String, errno: Int32)
}

extension NotifyError: CustomStringConvertible {
    /// What went wrong and what to do about it.
    public var description: String {
        switch self {
        case .unusableAddress(let address):
            "NOTIFY_SOCKET '\(address)' is not a Unix socket: start the program from its unit"
        case .system(let call, let errno):
            """
            systemd's socket: \(call): \(String(cString: strerror(errno))): \
            check NotifyAccess= and the unit's sandbox
            """
        }
    }
}

/// One datagram to a Unix socket.
enum DatagramSocket {
    /// Most bytes a socket's path may have, without the closing NUL.
    ///
    /// Source: unix(7), `sun_path` is 108 bytes.
    static let pathLengthMax = 107

    static func send(_ bytes: [UInt8], to address: String) throws(NotifyError) {
        var (destination, length) = try socketAddress(address)
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .system(call: "socket", errno: errno) }
        defer { close(descriptor) }

        let sent = withUnsafePointer(to: &destination) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), generic, length)
            }
        }
        guard sent == bytes.count else { throw .system(call: "sendto", errno: errno) }
    }

    /// The kernel's form of an address; an abstract one starts with NUL and has no closing NUL.
    static func socketAddress(
        _ address: String
    ) throws(NotifyError) -> (address: sockaddr_un, length: socklen_t) {
        var path = Array(address.utf8)
        guard path.first == UInt8(ascii: "/") || path.first == UInt8(ascii: "@"), path.count > 1,
            path.count <= pathLengthMax
        else { throw .unusableAddress(address) }

        let isAbstract = path[0] == UInt8(ascii: "@")
        if isAbstract { path[0] = 0 } else { path.append(0) }
        var result = sockaddr_un()
        result.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &result.sun_path) { $0.copyBytes(from: path) }
        let headerLength = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        return (result, socklen_t(headerLength + path.count))
    }
}

extension Duration {
    /// Whole microseconds, rounded down; never negative.
    var microseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return UInt64(seconds) * 1_000_000 + UInt64(attoseconds / 1_000_000_000_000)
    }
}

/// A variable of this process's environment, or nil when unset.
func environmentValue(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}
