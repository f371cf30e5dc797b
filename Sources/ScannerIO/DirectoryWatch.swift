import CDevices

/// Word of names that appear in directories: how a pty, which udev does not know, comes back.
struct DirectoryWatch: ~Copyable {
    private let descriptor: Descriptor

    init() throws(DeviceError) {
        descriptor = try Descriptor(taking: cdevices_inotify_create(), from: "inotify_init1")
    }

    var fd: CInt { descriptor.fd }

    /// Watches the directory that a node will appear in; the same one twice is one watch.
    ///
    /// - Returns: Whether it is watched; it may not exist.
    func watchDirectory(of nodePath: String) -> Bool {
        guard let slash = nodePath.lastIndex(of: "/") else { return false }
        return cdevices_inotify_watch(descriptor.fd, String(nodePath[...slash])) == 0
    }

    /// Takes what was reported; which name it was does not matter.
    func drain() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while cdevices_read(descriptor.fd, &buffer, buffer.count) > 0 {}
    }
}
