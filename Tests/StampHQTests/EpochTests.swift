import LoyaltyCore
@testable import StampHQ
import SyncWire
import Testing

/// Logs that were begun anew: what HQ takes, and in which order.
struct EpochTests {
    @Test func `an epoch that begins with a salvage is taken, once all of the old one is here`()
        async throws
    {
        try await RunningHQ.run { hq in
            let (old, new) = try await salvaged(hq)

            let early = try await hq.refused(new.batch(), by: new)
            #expect(early.type == .logGap)
            #expect(early["expected"] == 3 && early["epoch"] == 1)
            #expect(early["h"]?.stringValue == Base64.text(old.lines[1].hash.bytes))

            try await hq.pushed(old.batch(after: 2), by: old)
            let ack = try await hq.pushed(new.batch(), by: new)
            #expect(ack.epoch == 2 && ack.received == new.head && ack.isFrozen)
            let again = try await hq.pushed(new.batch(), by: new)
            #expect(again.duplicateCount == 2)
            #expect(try await hq.balance(of: 1) == ["points": 60, "stamps/latte": 6])
            #expect(try await alarms(hq).contains("epoch 2 follows entry 5 of epoch 1: damaged"))
        }
    }

    @Test func `what a mended log records again counts for the award that HQ had booked`()
        async throws
    {
        try await RunningHQ.run { hq in
            var (old, new) = try await salvaged(hq)
            try await hq.pushed(old.batch(after: 2), by: old)
            // HQ had the awards, and neither what took them back nor their new places.
            try new.award("P1/4")
            try new.award("P1/5")
            try new.award("P1/5", points: 11)
            try new.void("P1/4", of: 3)
            try new.refund("R/1", of: "P1/5", at: 4, 35, points: 3)
            try new.void("P1/5", of: 4, points: 7)
            try new.void("P1/5", of: 5, points: 11)

            let ack = try await hq.pushed(new.batch(), by: new)

            #expect(
                ack.quarantined.map { "\($0.sequence) \($0.code)" } == [
                    "3 duplicate-sale", "4 duplicate-sale", "5 duplicate-sale", "9 void-unknown",
                ]
            )
            #expect(try await hq.balance(of: 1) == ["points": 40, "stamps/latte": 4])
        }
    }

    @Test func `the logs of all epochs stay readable`() async throws {
        try await RunningHQ.run { hq in
            let (old, new) = try await salvaged(hq)
            try await hq.pushed(old.batch(after: 2), by: old)
            try await hq.pushed(new.batch(), by: new)

            let path = "/v1/entries?device=\(old.identity.device.text)"
            for (query, count) in [("&epoch=1", 5), ("&epoch=2", 2), ("", 2), ("&epoch=9", 0)] {
                let answer = try await hq.read(path + query)
                let entries = try CanonicalJSON(parsing: answer.bytes).arrayValue
                #expect(entries?.count == count, "\(query)")
            }
        }
    }

    @Test func `the freeze of a salvage ends when an operator releases the device`() async throws {
        try await RunningHQ.run { hq in
            let (old, new) = try await salvaged(hq)
            try await hq.pushed(old.batch(after: 2), by: old)
            #expect(try await hq.pushed(new.batch(), by: new).isFrozen)

            try await hq.hq.store.releaseDevice(new.identity.device)
            #expect(try await !hq.pushed(new.batch(), by: new).isFrozen)
            let ack = try await hq.hq.store.acknowledgement(of: new.identity.device)
            #expect(!ack.isFrozen && ack.epoch == 2)
        }
    }

    @Test func `an epoch that does not begin as it must is refused, and nothing is kept`()
        async throws
    {
        try await RunningHQ.run { hq in
            let (old, new) = try await salvaged(hq)
            try await hq.pushed(old.batch(after: 2), by: old)
            var plain = try TestDevice(epoch: 2)
            try plain.award("P1/1")
            let late = new.batch(after: 1)

            for batch in [plain.batch(), late] {
                let problem = try await hq.refused(batch, by: new)
                #expect(problem.type == .epochChanged && problem["epoch"] == 1)
            }
            let other = try TestDevice(2).key
            #expect(
                try await hq.refused(new.batch(signedBy: other), by: new).type == .signatureInvalid
            )
            #expect(try await hq.hq.store.device(old.identity.device)?.identity.epoch == 1)
        }
    }

    @Test func `a salvage of another history is a fork, and says in which epoch`() async throws {
        try await RunningHQ.run { hq in
            var old = try TestDevice()
            for sale in 1...3 { try old.award("P1/\(sale)") }
            try await old.join(hq)
            try await hq.pushed(old.batch(), by: old)
            var new = try TestDevice(epoch: 2)
            new.append(salvage(after: 3, hash: Array(repeating: 3, count: 32)))

            let problem = try await hq.refused(new.batch(), by: new)
            #expect(problem.type == .logFork && problem["seq"] == 3 && problem["epoch"] == 1)
            #expect(try await hq.hq.store.device(old.identity.device)?.frozenAtMs != nil)
            #expect(try await hq.hq.store.device(old.identity.device)?.identity.epoch == 1)
        }
    }

    @Test func `of two copies one goes on, and the other is told whose epoch it is`() async throws {
        try await RunningHQ.run { hq in
            var old = try TestDevice()
            for sale in 1...3 { try old.award("P1/\(sale)") }
            try await old.join(hq)
            try await hq.pushed(old.batch(), by: old)
            var first = try TestDevice(epoch: 2)
            first.append(salvage(after: 3, hash: old.lines[2].hash.bytes))
            try await hq.pushed(first.batch(), by: first)
            try await hq.hq.store.releaseDevice(old.identity.device)

            try old.award("P1/4")
            let stale = try await hq.refused(old.batch(after: 3), by: old)
            #expect(stale.type == .epochOld && stale["epoch"] == 2 && stale["received"] == 1)
            var second = try TestDevice(epoch: 3)
            second.append(salvage(after: 3, hash: old.lines[2].hash.bytes))
            let twice = try await hq.refused(second.batch(), by: second)
            #expect(twice.type == .epochOld && twice["epoch"] == 2)
            #expect(try await hq.hq.store.device(old.identity.device)?.frozenAtMs != nil)
            #expect(try await alarms(hq).contains("log-fork"))
        }
    }

    @Test func `an operator's epoch takes any log, and says that nobody has written it`()
        async throws
    {
        try await RunningHQ.run { hq in
            var old = try TestDevice()
            try old.award("P1/1")
            try await old.join(hq)
            try await hq.hq.store.authoriseEpoch(4, of: old.identity.device)

            let problem = try await hq.refused(old.batch(), by: old)
            #expect(problem.type == .epochOld)
            #expect(problem["epoch"] == 4 && problem["received"] == 0)
            var new = try TestDevice(epoch: 4)
            new.append(salvage(after: 0, hash: old.identity.genesis.bytes))
            #expect(try await hq.pushed(new.batch(), by: new).received.sequence == 1)
        }
    }

    @Test func `a hole is booked, and alarms for what HQ does not have either`() async throws {
        try await RunningHQ.run { hq in
            var old = try TestDevice()
            for sale in 1...5 { try old.award("P1/\(sale)") }
            try await old.join(hq)
            try await hq.pushed(old.batch(), by: old)
            var new = try TestDevice(epoch: 2)
            new.append(salvage(after: 3, hash: old.lines[2].hash.bytes))
            new.append(.lost(LostFact(epoch: 1, from: 4, to: 5)))
            try await hq.pushed(new.batch(), by: new)
            #expect(try await !alarms(hq).contains("entries-lost"))

            new.append(.lost(LostFact(epoch: 1, from: 4, to: 9)))
            new.append(.lost(LostFact(epoch: 2, from: 4, to: 9)))
            new.append(salvage(after: 1, hash: old.lines[0].hash.bytes))
            let ack = try await hq.pushed(new.batch(after: 2), by: new)
            #expect(ack.quarantined.map(\.code) == ["misplaced", "misplaced"])
            #expect(try await alarms(hq).contains("4 entries up to 9 of epoch 1 are nowhere"))
        }
    }

    @Test func `a void takes back an award of an earlier epoch, once`() async throws {
        try await RunningHQ.run { hq in
            let (old, made) = try await salvaged(hq)
            var new = made
            try await hq.pushed(old.batch(after: 2), by: old)
            for epoch in [1, 1, 7] as [Int64] {
                new.append(
                    .void(
                        VoidFact(
                            member: try #require(MemberNumber(value: 1)),
                            key: try #require(SaleKey("P1/2")),
                            sequence: 2,
                            epoch: epoch,
                            postings: [
                                Posting(.points, .never, -10),
                                Posting(.stamps(ofCard: "latte"), .never, -1),
                            ]
                        )
                    )
                )
            }
            let ack = try await hq.pushed(new.batch(), by: new)
            #expect(ack.quarantined.map(\.code) == ["void-repeated", "void-unknown"])
            #expect(try await hq.balance(of: 1) == ["points": 50, "stamps/latte": 5])
        }
    }

    /// A device with five entries of epoch 1, of which HQ has two, and two of epoch 2.
    private func salvaged(_ hq: RunningHQ) async throws -> (old: TestDevice, new: TestDevice) {
        var old = try TestDevice()
        for sale in 1...5 { try old.award("P1/\(sale)") }
        try await old.join(hq)
        try await hq.pushed(old.batch(through: 2), by: old)
        var new = try TestDevice(epoch: 2)
        new.append(salvage(after: 5, hash: old.lines[4].hash.bytes))
        try new.award("P1/6")
        return (old, new)
    }

    private func salvage(after last: Int64, hash: [UInt8]) -> Fact {
        .salvage(SalvageFact(epoch: 1, last: last, hash: hash, reason: .damaged))
    }

    private func alarms(_ hq: RunningHQ) async throws -> String {
        String(decoding: try await hq.read("/v1/alarms").bytes, as: UTF8.self)
    }
}
