import CDevices
import Glibc

/// The one place where the scanner thread waits.
struct Poller: ~Copyable {
    private let descriptor: Descriptor

    init() throws(DeviceError) {
        descriptor = try Descriptor(taking: cdevices_epoll_create(), from: "epoll_create1")
    }

    /// Watches a descriptor for input, errors, and hang-ups.
    func add(_ fd: CInt, token: UInt64, path: String) throws(DeviceError) {
        try check(cdevices_epoll_add(descriptor.fd, fd, token), call: "epoll_ctl", path: path)
    }

    /// Stops watching a descriptor; one that was never added is no error.
    func remove(_ fd: CInt) {
        _ = cdevices_epoll_remove(descriptor.fd, fd)
    }

    /// Waits for input, or until a moment on the monotonic clock.
    ///
    /// - Parameter deadline: When to give up; `nil` waits for ever.
    /// - Returns: The tokens of the descriptors to read, empty after the deadline or a signal.
    /// - Throws: `DeviceError`.
    func wait(until deadline: Duration?) throws(DeviceError) -> [UInt64] {
        var tokens = [UInt64](repeating: 0, count: Self.tokenCountMax)
        let count = try check(
            cdevices_epoll_wait(
                descriptor.fd,
                &tokens,
                CInt(tokens.count),
                Self.timeoutMs(until: deadline)
            ),
            call: "epoll_wait",
            path: ""
        )
        return Array(tokens.prefix(count))
    }

    /// Most descriptors served in one turn; the rest follow in the next.
    static let tokenCountMax = 16

    /// The wait in whole milliseconds, rounded up so that it never ends just before the deadline.
    private static func timeoutMs(until deadline: Duration?) -> CInt {
        guard let deadline else { return -1 }
        let wait = max(.zero, deadline - MonotonicTime.now())
        let (seconds, attoseconds) = wait.components
        let ms = seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return CInt(min(ms, Int64(CInt.max)))
    }
}

/// A bell that any thread may ring to wake the scanner thread.
final class Wakeup: Sendable {
    private let descriptor: Descriptor

    init() throws(DeviceError) {
        descriptor = try Descriptor(taking: cdevices_eventfd_create(), from: "eventfd")
    }

    var fd: CInt { descriptor.fd }

    /// Wakes the thread; ringing twice is the same as once.
    func ring() {
        _ = cdevices_eventfd_raise(descriptor.fd)
    }
}
