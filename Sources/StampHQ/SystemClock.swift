import Foundation

/// The system's wall clock in POSIX milliseconds.
@Sendable
func systemNowMs() -> Int64 {
    Int64(Date().timeIntervalSince1970 * 1_000)
}
