import Testing

@testable import ScannerIO

struct BackoffTests {
    @Test func `waits double up to the ceiling and start over after a success`() {
        var backoff = Backoff()
        let waits = (0..<9).map { _ in backoff.fail() }
        #expect(
            waits == [
                .milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2), .seconds(4),
                .seconds(8), .seconds(16), .seconds(30), .seconds(30),
            ]
        )

        backoff.succeed()
        #expect(backoff.fail() == .milliseconds(250))
    }
}
