import CDevices
import Glibc

/// Runs a closure on a thread of its own, which ends with it.
///
/// - Parameters:
///   - body: What to run.
///   - orFail: Called instead, on this thread, if the system has no thread left.
func startThread(_ body: @escaping @Sendable () -> Void, orFail: (DeviceError) -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    let box = Unmanaged.passRetained(Box(body))
    var thread = pthread_t()
    let result = pthread_create(
        &thread,
        nil,
        { context in
            guard let context else { return nil }
            cdevices_name_thread("scanners")
            Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
            return nil
        },
        box.toOpaque()
    )
    guard result == 0 else {
        box.release()
        orFail(DeviceError(call: "pthread_create", path: "", errno: result))
        return
    }
    pthread_detach(thread)
}
