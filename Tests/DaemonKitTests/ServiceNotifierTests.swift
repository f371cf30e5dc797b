import Glibc
import Testing

@testable import DaemonKit

struct ServiceNotifierTests {
    @Test(arguments: ["/tmp/stampd-notify-\(getpid())", "@stampd-notify-\(getpid())"])
    func `states go to systemd's socket in one datagram`(address: String) throws {
        let receiver = try Receiver(address)

        try ServiceNotifier(address: address).send(.ready, .status("離線 132 筆待傳"))

        #expect(receiver.receive() == "READY=1\nSTATUS=離線 132 筆待傳")
    }

    @Test(arguments: [
        (ServiceState.ready, "READY=1"),
        (.watchdog, "WATCHDOG=1"),
        (.stopping, "STOPPING=1"),
        (.status("ok\nREADY=1\r\u{0}x"), "STATUS=ok READY=1  x"),
        (.extendTimeout(.milliseconds(1_500)), "EXTEND_TIMEOUT_USEC=1500000"),
        (.extendTimeout(.seconds(-1)), "EXTEND_TIMEOUT_USEC=0"),
    ])
    func `a state is one assignment`(state: ServiceState, expected: String) {
        #expect(state.assignment == expected)
    }

    @Test func `a program that a person started tells nobody`() throws {
        try ServiceNotifier(address: nil).send(.ready)
    }

    @Test func `a socket that is gone is an error that names the call`() {
        let error = #expect(throws: NotifyError.self) {
            try ServiceNotifier(address: "/nonexistent/notify").send(.ready)
        }

        #expect(error == .system(call: "sendto", errno: ENOENT))
    }

    @Test(arguments: ["", "/", "@", "relative", "vsock:2:1234"])
    func `an address that is no Unix socket is refused`(address: String) {
        #expect(throws: NotifyError.unusableAddress(address)) {
            try ServiceNotifier(address: address).send(.ready)
        }
    }

    @Test func `an address as long as the kernel takes is used, a longer one refused`() throws {
        let longest = "@" + String(repeating: "n", count: DatagramSocket.pathLengthMax - 1)
        let receiver = try Receiver(longest)

        try ServiceNotifier(address: longest).send(.stopping)

        #expect(receiver.receive() == "STOPPING=1")
        #expect(throws: NotifyError.unusableAddress(longest + "n")) {
            try ServiceNotifier(address: longest + "n").send(.stopping)
        }
    }
}

/// A datagram socket as systemd holds it.
private final class Receiver {
    private let descriptor: Int32
    private let path: String?

    init(_ address: String) throws {
        path = address.hasPrefix("/") ? address : nil
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var (name, length) = try DatagramSocket.socketAddress(address)
        let status = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length)
            }
        }
        try #require(status == 0, "bind: errno \(errno)")
    }

    deinit {
        close(descriptor)
        if let path { unlink(path) }
    }

    /// The next datagram; it was queued by the kernel before the sender returned.
    func receive() -> String {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}
