public import Glibc
import Synchronization

/// The time at which this process judges certificates: the system's clock, but never before a
/// time that is known to have passed.
///
/// A store's clock may stand in 1970. BoringSSL asks `time(3)`, and NIOSSL gives it no other
/// clock; so the process has its own `time`, below. All other checks stay BoringSSL's.
enum CertificateTime {
    private static let floorS = Atomic<Int64>(0)

    /// Notes a time that has certainly passed, in POSIX seconds.
    static func raise(to seconds: Int64) {
        floorS.max(seconds, ordering: .sequentiallyConsistent)
    }

    /// Calls a closure at a time that may have passed; it stays so only if the closure succeeds.
    ///
    /// - Parameters:
    ///   - seconds: POSIX seconds.
    ///   - body: The closure.
    /// - Returns: What the closure returns.
    /// - Throws: What the closure throws.
    static func lifted<Value>(
        to seconds: Int64,
        _ body: () async throws -> Value
    ) async rethrows -> Value {
        let before = floorS.exchange(seconds, ordering: .sequentiallyConsistent)
        do {
            return try await body()
        } catch {
            floorS.store(before, ordering: .sequentiallyConsistent)
            throw error
        }
    }

    /// Now, in POSIX seconds.
    static var nowS: Int64 {
        var now = timespec()
        // Cannot fail for this clock (clock_gettime(2)).
        clock_gettime(CLOCK_REALTIME, &now)
        return max(Int64(now.tv_sec), floorS.load(ordering: .sequentiallyConsistent))
    }
}

/// The process's `time(3)`: the linker prefers it to the C library's, for BoringSSL too.
@_cdecl("time")
public func certificateTime(_ result: UnsafeMutablePointer<time_t>?) -> time_t {
    let now = time_t(CertificateTime.nowS)
    result?.pointee = now
    return now
}
