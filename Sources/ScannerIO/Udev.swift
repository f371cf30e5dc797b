import CDevices
import Glibc

/// What udev reported.
enum UdevChange: Equatable {
    /// A node came, or its properties changed.
    case plugged(DeviceFacts)
    /// The node with this directory in sysfs went.
    case unplugged(sysPath: String)
    /// A node that no scanner has.
    case irrelevant
    /// Events were lost: look at everything again.
    case lost
}

/// The nodes that udev knows, and word of those that come and go.
///
/// It listens to the "udev" group, not the kernel's: a node is heard of only when the rules have
/// run, so that its permissions and properties are there.
final class Udev {
    private let context: OpaquePointer
    private let monitor: OpaquePointer

    /// Descriptor that is readable when `receive()` has something.
    let fd: CInt

    /// Enough for some hundreds of events: a hub with everything behind it comes as one burst.
    private static let receiveBufferBytes: CInt = 1 << 20

    /// Starts to listen.
    ///
    /// What is plugged in from now on is reported, so enumerate afterwards.
    init() throws(DeviceError) {
        guard let context = udev_new() else {
            throw DeviceError(call: "udev_new", path: "", errno: errno)
        }
        guard let monitor = udev_monitor_new_from_netlink(context, "udev") else {
            let error = DeviceError(call: "udev_monitor_new_from_netlink", path: "", errno: errno)
            udev_unref(context)
            throw error
        }
        self.context = context
        self.monitor = monitor
        fd = udev_monitor_get_fd(monitor)
        for kind in DeviceFacts.Kind.allCases {
            try check(
                udev_monitor_filter_add_match_subsystem_devtype(monitor, kind.rawValue, nil),
                call: "udev_monitor_filter_add_match_subsystem_devtype",
                path: kind.rawValue
            )
        }
        // A smaller buffer only makes `lost` more likely.
        _ = udev_monitor_set_receive_buffer_size(monitor, Self.receiveBufferBytes)
        try check(
            udev_monitor_enable_receiving(monitor),
            call: "udev_monitor_enable_receiving",
            path: ""
        )
    }

    deinit {
        udev_monitor_unref(monitor)
        udev_unref(context)
    }

    /// Returns everything plugged in that may belong to a scanner, by directory in sysfs.
    func enumerate() -> [String: DeviceFacts] {
        guard let list = udev_enumerate_new(context) else { return [:] }
        defer { udev_enumerate_unref(list) }
        for kind in DeviceFacts.Kind.allCases {
            udev_enumerate_add_match_subsystem(list, kind.rawValue)
        }
        udev_enumerate_scan_devices(list)

        var found: [String: DeviceFacts] = [:]
        var entry = udev_enumerate_get_list_entry(list)
        while let current = entry {
            entry = udev_list_entry_get_next(current)
            guard let path = udev_list_entry_get_name(current),
                let device = udev_device_new_from_syspath(context, path)
            else { continue }  // it went meanwhile; the monitor will not miss it
            defer { udev_device_unref(device) }
            if let facts = DeviceFacts(UdevDevice(device)) { found[facts.sysPath] = facts }
        }
        return found
    }

    /// Takes the next report, if there is one.
    func receive() -> UdevChange? {
        var device: OpaquePointer?
        let result = cdevices_udev_receive(monitor, &device)
        guard result != 0 else { return nil }
        guard result > 0, let device else { return .lost }
        defer { udev_device_unref(device) }
        let view = UdevDevice(device)
        guard view.action != "remove" else { return .unplugged(sysPath: view.sysPath) }
        return DeviceFacts(view).map(UdevChange.plugged) ?? .irrelevant
    }
}
