import Logging
import LoyaltyCore
import NIOHTTP1
import SyncWire
import Testing

@testable import StampHQ

/// What HQ notices of devices: silence, and members that are not HQ's.
struct WatchTests {
    @Test(arguments: [(ms: Int64(0), isSilent: false), (ms: 1, isSilent: true)])
    func `a device that is not heard in time is silent until it is heard again`(
        ms: Int64,
        isSilent: Bool
    ) async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            try await device.join(hq)
            try await hq.pushed(device.batch(), by: device)
            let allowedMs = Heartbeat.silenceMsMax + Heartbeat.noteMsMax
            #expect(allowedMs % 1_000 == 0)

            hq.clock.advance(ms: allowedMs + ms)
            #expect(try await hq.alarms(of: .deviceSilent).count == (isSilent ? 1 : 0))
            let listed = try await hq.hq.store.devices().arrayValue?.first
            #expect(listed?["isSilent"]?.boolValue == isSilent)

            try await hq.pushed(device.batch(after: 1), by: device)
            #expect(try await hq.alarms(of: .deviceSilent).isEmpty)
        }
    }

    @Test func `a question about what HQ sends down is a sign of life`() async throws {
        try await RunningHQ.run { hq in
            let device = try TestDevice()
            try await device.join(hq)

            let answer = try await hq.ask("/v1/revocations", by: device)

            #expect(answer.status == 200)
            let listed = try await hq.hq.store.devices().arrayValue?.first
            #expect(listed?["heardAtMs"]?.integerValue == hq.clock.nowMs)
        }
    }

    @Test func `devices that only others carry for, and revoked ones, are not expected`()
        async throws
    {
        try await RunningHQ.run { hq in
            var carried = try TestDevice(1)
            try carried.award("P1/1")
            try await carried.join(hq)
            let intake = Intake(
                store: hq.hq.store,
                gate: PushGate(pushCountMax: 1),
                logger: .init(label: "test")
            )
            _ = try await intake.take(carried.batch().bytes, .carried)
            let revoked = try TestDevice(2)
            try await revoked.join(hq)
            _ = try await hq.ask("/v1/revocations", by: revoked)
            try await hq.hq.store.revokeDevice(revoked.identity.device)

            hq.clock.advance(seconds: 86_400)

            #expect(try await hq.alarms(of: .deviceSilent).isEmpty)
            for device in try await hq.hq.store.devices().arrayValue ?? [] {
                #expect(device["expectedByMs"] == .null)
            }
        }
    }

    @Test func `an HQ that was away itself expects nobody before it could be heard`() async throws {
        let directory = try TemporaryDirectory()
        let clock = TestClock()
        var device = try TestDevice()
        try device.award("P1/1")
        try await RunningHQ.run(in: directory, clock: clock) { hq in
            try await device.join(hq)
            try await hq.pushed(device.batch(), by: device)
        }
        clock.advance(seconds: 86_400)
        try await RunningHQ.run(in: directory, clock: clock) { hq in
            let alarms = try await hq.alarms(of: .deviceSilent)
            #expect(alarms.isEmpty)
        }
    }

    @Test func `members that are not HQ's are an alarm that names scope, sum and place`()
        async throws
    {
        try await RunningHQ.run { hq in
            let device = try TestDevice()
            try await device.join(hq)

            let answer = try await hq.ask(
                "/v1/snapshots/current",
                "mismatch=members.00000000000004d2",
                by: device
            )

            #expect(answer.status == 200)
            let alarms = try await hq.alarms(of: .digestMismatch)
            #expect(alarms.count == 1)
            #expect(
                alarms.first?["detail"]?.stringValue
                    == "its members add up to 00000000000004d2 at no place"
            )
            #expect(alarms.first?["device"]?.stringValue == device.identity.device.text)
        }
    }

    @Test(
        arguments: [
            "members", "members.4d2", "cards.00000000000004d2", "members.00000000000004D2",
        ]
    )
    func `a mismatch of nothing that HQ knows is refused`(text: String) async throws {
        try await RunningHQ.run { hq in
            let device = try TestDevice()
            try await device.join(hq)

            let answer = try await hq.ask("/v1/snapshots/current", "mismatch=\(text)", by: device)

            #expect(answer.problem?.type == .badRequest)
            #expect(try await hq.alarms(of: .digestMismatch).isEmpty)
        }
    }
}

extension RunningHQ {
    /// The alarms of a kind, as operators see them.
    fileprivate func alarms(of kind: AlarmKind) async throws -> [CanonicalJSON] {
        try await hq.store.alarms().arrayValue?.filter { alarm in
            alarm["kind"]?.stringValue == kind.rawValue
        } ?? []
    }

    fileprivate func ask(
        _ path: String,
        _ query: String? = nil,
        by device: TestDevice
    ) async throws -> Answer {
        let question = DownRequestV1(
            path,
            query: query,
            from: device.identity.device,
            authority: authority,
            createdS: clock.nowMs / 1_000,
            nonce: Hex.text((0..<16).map { _ in UInt8.random(in: 0...255) }),
            signedBy: device.key
        )
        return try await send(.GET, question.target, question.fields)
    }
}
