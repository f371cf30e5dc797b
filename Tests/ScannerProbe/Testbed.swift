import Glibc

/// umockdev's test bed, loaded while running, so that building the project does not need it.
///
/// Its preload library sends this process's calls on `/dev` and `/sys` to a directory of its own,
/// where nodes are ptys. Source: umockdev's umockdev.h, version 0.17.
struct Testbed {
    typealias Object = OpaquePointer

    private let library: Library
    private let handle: Object

    /// Makes an empty machine.
    init() {
        library = Library("libumockdev.so.0")
        let make: @convention(c) () -> Object = library["umockdev_testbed_new"]
        handle = make()
    }

    /// Adds devices, and sends word of them, in the form that `umockdev-record` writes.
    func add(_ description: String) {
        let call: @convention(c) (Object, UnsafePointer<CChar>, OpaquePointer?) -> CInt =
            library["umockdev_testbed_add_from_string"]
        precondition(call(handle, description, nil) != 0, "umockdev refuses \(description)")
    }

    /// Sends word of a device, as udev does after its rules ran.
    func send(_ action: String, for path: String) {
        let call: @convention(c) (Object, UnsafePointer<CChar>, UnsafePointer<CChar>) -> Void =
            library["umockdev_testbed_uevent"]
        call(handle, path, action)
    }

    /// Takes a device and all below it away.
    func remove(_ path: String) {
        let call: @convention(c) (Object, UnsafePointer<CChar>) -> Void =
            library["umockdev_testbed_remove_device"]
        call(handle, path)
    }

    /// The scanner's end of a node.
    func scannerEnd(of node: String) -> CInt {
        let call: @convention(c) (Object, UnsafePointer<CChar>) -> CInt =
            library["umockdev_testbed_get_dev_fd"]
        return call(handle, node)
    }

    /// Lets `NodeCalls` answer a node's ioctls.
    func answerCalls(on node: String) {
        let make: @convention(c) () -> Object = library["umockdev_ioctl_base_new"]
        let attach: @convention(c) (Object, UnsafePointer<CChar>, Object, OpaquePointer?) -> CInt =
            library["umockdev_testbed_attach_ioctl"]
        let answerer = make()
        NodeCalls.connect(to: answerer)
        precondition(attach(handle, node, answerer, nil) != 0, "umockdev has no node \(node)")
    }
}

/// A shared library whose functions the caller types.
struct Library {
    private let handle: UnsafeMutableRawPointer

    init(_ name: String) {
        guard let handle = dlopen(name, RTLD_NOW | RTLD_GLOBAL) else {
            fatalError("\(name) is missing: apt-get install umockdev libumockdev-dev")
        }
        self.handle = handle
    }

    subscript<Function>(_ name: String) -> Function {
        guard let symbol = dlsym(handle, name) else { fatalError("no function \(name)") }
        return unsafeBitCast(symbol, to: Function.self)
    }
}
