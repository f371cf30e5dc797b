import LoyaltyCore
import SyncWire
import Testing

@testable import StampHQ

/// A device that is trusted only up to an entry (SYNC.md section 2.9).
struct RevocationTests {
    @Test func `entries up to the named one count, later ones are kept in quarantine`()
        async throws
    {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            for number in 1...4 { try device.award("P1/\(number)", points: 10) }
            try await device.join(hq)
            try await hq.hq.store.revokeDevice(device.identity.device, after: 2)

            let ack = try await hq.pushed(device.batch(), by: device)

            #expect(ack.received.sequence == 4)
            #expect(
                ack.quarantined
                    == [3, 4].map { .init(sequence: $0, code: "device-revoked") }
            )
            #expect(try await Self.points(hq) == 20)
            let again = try await hq.pushed(device.batch(), by: device)
            #expect(again.quarantined == ack.quarantined)
            #expect(again.duplicateCount == 4)
            let list = String(decoding: try await hq.read("/v1/quarantine").bytes, as: UTF8.self)
            #expect(list.contains(#""seq":3,"code":"device-revoked""#))
        }
    }

    @Test func `what is booked stays booked, and a void behind the end takes nothing back`()
        async throws
    {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            for number in 1...2 { try device.award("P1/\(number)", points: 10) }
            try await device.join(hq)
            try await hq.pushed(device.batch(), by: device)

            let held = try await hq.hq.store.revokeDevice(device.identity.device, after: 1)
            try device.void("P1/1", of: 1)
            try await hq.pushed(device.batch(), by: device)

            #expect(held == 2)
            #expect(try await Self.points(hq) == 20)
        }
    }

    @Test func `a whole revocation refuses, and one after an entry may follow or precede it`()
        async throws
    {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            try await device.join(hq)
            let name = device.identity.device

            try await hq.hq.store.revokeDevice(name)
            #expect(try await hq.refused(device.batch(), by: device).type == .deviceRevoked)
            try await hq.hq.store.revokeDevice(name, after: 1)
            #expect(try await hq.pushed(device.batch(), by: device).quarantined == [])
            try await hq.hq.store.revokeDevice(name)
            #expect(try await hq.refused(device.batch(), by: device).type == .deviceRevoked)
        }
    }

    @Test func `of the next log of a revoked device no entry counts`() async throws {
        try await RunningHQ.run { hq in
            let first = try TestDevice()
            try await first.join(hq)
            try await hq.hq.store.revokeDevice(first.identity.device, after: 100)
            try await hq.hq.store.authoriseEpoch(2, of: first.identity.device)
            var device = try TestDevice(epoch: 2)
            try device.award("P1/1")

            let ack = try await hq.pushed(device.batch(), by: device)

            #expect(ack.quarantined.map(\.code) == ["device-revoked"])
        }
    }

    @Test func `an entry before the first lets none count, and less than that is refused`()
        async throws
    {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            try await device.join(hq)
            let name = device.identity.device

            await #expect(throws: Problem.self) {
                try await hq.hq.store.revokeDevice(name, after: -1)
            }
            try await hq.hq.store.revokeDevice(name, after: 0)
            #expect(try await hq.pushed(device.batch(), by: device).quarantined.count == 1)
        }
    }

    private static func points(_ hq: RunningHQ) async throws -> Int64? {
        let member = try #require(MemberNumber(value: 1))
        return try await hq.hq.store.balances(of: member).first { $0.asset == .points }?.amount
    }
}
