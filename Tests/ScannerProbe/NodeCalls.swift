import Glibc
import Synchronization

/// What the kernel would answer to ioctls on scanner nodes.
///
/// umockdev calls in here from its own thread for every ioctl of this process on a node.
enum NodeCalls {
    /// What a test has set for a node.
    struct Node {
        /// Whether another program holds the grab.
        var isBusy = false
        /// Keys that are down.
        var keys: [Int] = []
        /// The HID report descriptor.
        var descriptor: [UInt8] = []
    }

    static let nodes = Mutex<[String: Node]>([:])

    private static var library: Library { Library("libumockdev.so.0") }
    private static var glib: Library { Library("libgobject-2.0.so.0") }

    private typealias Object = OpaquePointer
    private typealias Answer =
        @convention(c) (Object, Object, UnsafeMutableRawPointer?) -> CInt

    /// Starts the thread on which umockdev asks.
    static func start() {
        startThread {
            let make: @convention(c) (OpaquePointer?, CInt) -> OpaquePointer =
                glib["g_main_loop_new"]
            let run: @convention(c) (OpaquePointer) -> Void = glib["g_main_loop_run"]
            run(make(nil, 0))
        }
    }

    static func connect(to answerer: OpaquePointer) {
        let connect:
            @convention(c) (
                Object, UnsafePointer<CChar>, Answer, UnsafeMutableRawPointer?,
                UnsafeMutableRawPointer?, CInt
            ) -> CUnsignedLong = glib["g_signal_connect_data"]
        _ = connect(
            answerer,
            "handle-ioctl",
            { _, client, _ in NodeCalls.answer(client) },
            nil,
            nil,
            0
        )
    }

    /// Answers one ioctl and prints it, so that a test can check which came and in which order.
    private static func answer(_ client: OpaquePointer) -> CInt {
        let path: @convention(c) (Object) -> UnsafePointer<CChar> =
            library["umockdev_ioctl_client_get_devnode"]
        let number: @convention(c) (Object) -> CUnsignedLong =
            library["umockdev_ioctl_client_get_request"]
        let complete: @convention(c) (Object, CLong, CInt) -> Void =
            library["umockdev_ioctl_client_complete"]

        let name = String(cString: path(client))
        let call = UInt32(truncatingIfNeeded: number(client))
        let node = nodes.withLock { $0[name] ?? Node() }
        let error: CInt
        switch call {
        case 0x4004_4590:  // EVIOCGRAB
            error = node.isBusy ? EBUSY : 0
            say("ioctl \(name) EVIOCGRAB \(node.isBusy ? "EBUSY" : "0")")
        case 0x4004_45A0:  // EVIOCSCLOCKID
            error = 0
            say("ioctl \(name) EVIOCSCLOCKID")
        case 0x4010_4593:  // EVIOCSMASK
            error = 0
            say("ioctl \(name) EVIOCSMASK")
        case 0x8060_4518:  // EVIOCGKEY, 96 bytes
            var bits = [UInt8](repeating: 0, count: 96)
            for key in node.keys { bits[key / 8] |= 1 << (key % 8) }
            error = store(bits, for: client)
        case 0x8004_4801:  // HIDIOCGRDESCSIZE
            error = store(bytes(UInt32(node.descriptor.count)), for: client)
        case 0x9004_4802:  // HIDIOCGRDESC
            error = store(bytes(UInt32(node.descriptor.count)) + node.descriptor, for: client)
        case 0x8008_4803:  // HIDIOCGRAWINFO: USB, Honeywell, Xenon 1900
            error = store(bytes(UInt32(3)) + [0x2E, 0x0C, 0x07, 0x09], for: client)
        case 0xC002_4806:  // HIDIOCSFEATURE, 2 bytes
            error = 0
            say("ioctl \(name) HIDIOCSFEATURE")
        default:
            // A tty's own calls mean what they say: the node is a pty.
            error = execute(client)
        }
        complete(client, error == 0 ? 0 : -1, error)
        return 1
    }

    /// Writes to the memory that the ioctl's argument points to.
    private static func store(_ bytes: [UInt8], for client: OpaquePointer) -> CInt {
        let argument: @convention(c) (Object) -> Object =
            library["umockdev_ioctl_client_get_arg"]
        let resolve: @convention(c) (Object, Int, Int, OpaquePointer?) -> Object? =
            library["umockdev_ioctl_data_resolve"]
        let update:
            @convention(c) (Object, Int, UnsafePointer<UInt8>, CInt, OpaquePointer?) -> Void =
                library["umockdev_ioctl_data_update"]
        guard let target = resolve(argument(client), 0, bytes.count, nil) else { return EFAULT }
        update(target, 0, bytes, CInt(bytes.count), nil)
        return 0
    }

    /// Makes the call on the pty.
    private static func execute(_ client: OpaquePointer) -> CInt {
        let call: @convention(c) (Object, UnsafeMutablePointer<CInt>, OpaquePointer?) -> CInt =
            library["umockdev_ioctl_client_execute"]
        var error: CInt = 0
        return call(client, &error, nil) < 0 ? error : 0
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}
