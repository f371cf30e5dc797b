import LoyaltyCore
import SyncWire
import Testing

@testable import StampHQ

/// A device that changes its key inside its log (SYNC.md section 2.9).
struct KeyRotationTests {
    private let next: SigningKey

    init() throws {
        next = try #require(SigningKey(seed: Array(repeating: 99, count: 32)))
    }

    @Test func `entries up to the new key are the old key's, later ones the new one's`()
        async throws
    {
        try await RunningHQ.run { hq in
            var device = try rotated()
            try await device.join(hq)

            try await hq.pushed(device.batch(through: 2), by: device)
            try device.award("P1/2")
            let old = try await hq.refused(device.batch(after: 2), by: device)
            let half = try await hq.send(
                device.request(device.batch(after: 2, signedBy: next), to: hq)
            )
            let new = try await push(device.batch(after: 2, signedBy: next), device, to: hq)

            #expect(old.type == .signatureInvalid)
            // The request's own signature may be the old key's; what it carries may not.
            #expect(half.status == 200)
            #expect(new.received.sequence == 3)
            #expect(new.quarantined.isEmpty)
        }
    }

    @Test func `a batch that a lost reply has sent again is still the old key's`() async throws {
        try await RunningHQ.run { hq in
            var device = try rotated()
            try await device.join(hq)
            try await hq.pushed(device.batch(through: 2), by: device)

            let again = try await hq.pushed(device.batch(through: 2), by: device)
            #expect(again.duplicateCount == 2)
            try device.award("P1/2")
            _ = try await push(device.batch(after: 2, signedBy: next), device, to: hq)
            let late = try await hq.pushed(device.batch(through: 2), by: device)
            #expect(late.received.sequence == 3)
            let other = try await hq.send(
                device.request(device.batch(through: 2, signedBy: next), to: hq)
            )
            #expect(other.problem?.type == .signatureInvalid)
        }
    }

    @Test func `a new key needs the old one's signature at its very entry`() async throws {
        try await RunningHQ.run { hq in
            var device = try rotated()
            try device.award("P1/2")
            try await device.join(hq)

            let through = try await hq.refused(device.batch(), by: device)
            let stolen = try await hq.send(
                device.request(device.batch(through: 2, signedBy: next), to: hq)
            )

            #expect(through.type == .chainInvalid)
            #expect(through["index"] == 2)
            #expect(stolen.problem?.type == .signatureInvalid)
            try await hq.pushed(device.batch(through: 2), by: device)
        }
    }

    @Test func `a new key that did not sign for this log changes nothing`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try await device.join(hq)
            let other = try TestDevice(2).identity
            device.append(.keyRotate(KeyRotateFact(to: next, of: other)))

            let ack = try await hq.pushed(device.batch(), by: device)

            #expect(ack.quarantined.map(\.code) == ["key-unproven"])
            try device.award("P1/1")
            #expect(try await hq.pushed(device.batch(after: 1), by: device).posted == 2)
        }
    }

    @Test func `keys may follow each other, and the log hangs from the first`() async throws {
        try await RunningHQ.run { hq in
            var device = try rotated()
            try await device.join(hq)
            let third = try #require(SigningKey(seed: Array(repeating: 98, count: 32)))
            try await hq.pushed(device.batch(through: 2), by: device)
            device.append(.keyRotate(KeyRotateFact(to: third, of: device.identity)))
            _ = try await push(device.batch(after: 2, signedBy: next), device, to: hq)
            try device.award("P1/2")

            let ack = try await push(
                device.batch(after: 3, signedBy: third),
                device,
                to: hq,
                as: third
            )

            #expect(ack.received.sequence == 4)
            let known = try #require(try await hq.hq.store.device(device.identity.device))
            #expect(known.identity == device.identity)
            #expect(known.publicKey == third.publicKey)
        }
    }

    @Test func `the log of a store that lost all goes on under the key that was in force`()
        async throws
    {
        try await RunningHQ.run { hq in
            let old = try rotated()
            try await old.join(hq)
            try await hq.pushed(old.batch(), by: old)
            var new = try TestDevice(epoch: 2)
            let genesis = old.identity.genesis.bytes
            new.append(
                .salvage(SalvageFact(epoch: 1, last: 0, hash: genesis, reason: .damaged))
            )
            // As a store does that brings the same key into the log again.
            new.append(.keyRotate(KeyRotateFact(to: next, of: new.identity)))
            try new.award("P1/2")

            let refused = try await hq.refused(new.batch(through: 2), by: new)
            let ack = try await push(new.batch(through: 2, signedBy: next), new, to: hq)
            let more = try await push(new.batch(after: 2, signedBy: next), new, to: hq)

            #expect(refused.type == .signatureInvalid)
            #expect(ack.received.sequence == 2)
            #expect(ack.quarantined.isEmpty)
            #expect(more.received.sequence == 3)
            let known = try #require(try await hq.hq.store.device(old.identity.device))
            #expect(known.publicKey == next.publicKey)
        }
    }

    /// A device whose second entry brings the next key.
    private func rotated() throws -> TestDevice {
        var device = try TestDevice()
        try device.award("P1/1")
        device.append(.keyRotate(KeyRotateFact(to: next, of: device.identity)))
        return device
    }

    private func push(
        _ batch: BatchV1,
        _ device: TestDevice,
        to hq: RunningHQ,
        as key: SigningKey? = nil
    ) async throws -> AckV1 {
        let answer = try await hq.send(device.request(batch, to: hq, signedBy: key ?? next))
        return try AckV1(parsing: answer.bytes, signedBy: hq.hq.publicKey)
    }
}
