import Testing

@testable import DaemonKit

struct WatchdogIntervalTests {
    @Test func `the watchdog is fed twice as often as systemd asks`() throws {
        let interval = try #require(
            WatchdogInterval(microseconds: "30000000", processID: "7", ownProcessID: 7)
        )

        #expect(interval.timeout == .seconds(30))
        #expect(interval.sendEvery == .seconds(15))
    }

    @Test func `without a process named, the watchdog is for any`() {
        let interval = WatchdogInterval(microseconds: "1", processID: nil, ownProcessID: 7)

        #expect(interval?.timeout == .microseconds(1))
    }

    @Test(
        arguments: [
            (nil, nil), ("0", nil), ("-5", nil), ("soon", nil), ("", nil),
            ("99999999999999999999", nil), ("30000000", "8"), ("30000000", "me"),
        ] as [(String?, String?)]
    )
    func `an unset, foreign or malformed watchdog is off`(microseconds: String?, process: String?) {
        let interval = WatchdogInterval(
            microseconds: microseconds,
            processID: process,
            ownProcessID: 7
        )

        #expect(interval == nil)
    }
}
