import Glibc

/// A system call on a scanner that failed.
public struct DeviceError: Error, Equatable, Sendable {
    /// The call, as its manual page names it.
    public let call: String
    /// The device node it was made on.
    public let path: String
    /// The error number, from `errno(3)`.
    public let errno: CInt
}

extension DeviceError: CustomStringConvertible {
    /// The call, the node, and the reason: `EVIOCGRAB /dev/input/event3: Device or resource busy`.
    public var description: String {
        "\(call) \(path): \(String(cString: strerror(errno)))"
    }
}

extension DeviceError {
    /// Whether the device is gone: pulled out, or the other end of a pty closed.
    var isGone: Bool { [ENODEV, ENXIO, ENOENT, EIO].contains(errno) }

    /// Whether another program has the device.
    var isBusy: Bool { [EBUSY, EWOULDBLOCK].contains(errno) }

    /// Whether the agent may not open the device.
    var isDenied: Bool { [EACCES, EPERM].contains(errno) }
}

/// Turns the shim's negated errno into an error.
@discardableResult
func check(_ result: CInt, call: String, path: String) throws(DeviceError) -> Int {
    guard result >= 0 else { throw DeviceError(call: call, path: path, errno: -result) }
    return Int(result)
}
