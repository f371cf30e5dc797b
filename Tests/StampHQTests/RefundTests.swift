import GRDB
import LoyaltyCore
import SyncWire
import Testing

@testable import StampHQ

/// HQ books parts of sales that came back.
@Suite(.timeLimit(.minutes(2)))
struct RefundTests {
    @Test func `refunds are booked, and a void after them takes the rest`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            try device.award("P1/2")
            try device.refund("R/1", of: "P1/1", at: 1, 35, points: 3)
            try device.refund("R/2", of: "P1/1", at: 1, 10, points: 1)
            try device.void("P1/1", of: 1, points: 6)
            try device.refund("R/3", of: "P1/2", at: 2, 99, points: 9)
            try device.refund("R/4", of: "P1/2", at: 2, 1, points: 1, stamps: 1)
            try await device.join(hq)

            let ack = try await hq.pushed(device.batch(), by: device)

            #expect(ack.quarantined == [])
            #expect(try await hq.balance(of: 1) == [:])
        }
    }

    /// Each would move more than the award left, or something else than it.
    @Test func `a refund that its award does not bear is quarantined, and the log goes on`()
        async throws
    {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            try device.award("P1/2", to: 2)
            try device.award("P1/3")
            try device.refund("R/1", of: "P1/1", at: 1, 60, points: 6)
            try device.refund("R/1", of: "P1/1", at: 1, 10, points: 1)  // again
            try device.refund("R/1", of: "P1/3", at: 3, 10, points: 1)  // its key is taken
            try device.refund("R/2", of: "P1/1", at: 1, 41, points: 4)  // above the sale
            try device.refund("R/3", of: "P1/1", at: 1, 40, points: 5)  // above what was earned
            try device.refund("R/4", of: "P1/1", at: 1, 10, points: 1, posted: -2)
            try device.refund("R/5", of: "P1/2", at: 2, 10, points: 1)  // another's
            try device.refund("R/6", of: "P1/9", at: 9, 10, points: 1)  // unknown
            try device.refund("R/7", of: "P1/1", at: 12, 10, points: 1)  // not before it
            try device.refund("R/8", of: "P1/1", at: 1, 10, points: 1, settled: 500)
            try device.void("P1/3", of: 3)
            try device.refund("R/9", of: "P1/3", at: 3, 10, points: 1)  // voided
            try device.void("P1/1", of: 1)  // more than the rest
            try device.refund("R/10", of: "P1/1", at: 1, 40, points: 4, stamps: 1)
            try device.refund("R/11", of: "P1/1", at: 1, 0, points: 0)  // nothing is left
            try await device.join(hq)

            let ack = try await hq.pushed(device.batch(), by: device)

            #expect(
                ack.quarantined.map { "\($0.sequence) \($0.code)" } == [
                    "5 refund-repeated", "6 refund-repeated", "7 refund-mismatch",
                    "8 refund-mismatch", "9 refund-mismatch", "10 refund-mismatch",
                    "11 refund-unknown", "12 refund-unknown", "13 refund-mismatch",
                    "15 refund-of-voided", "16 void-mismatch", "18 refund-mismatch",
                ]
            )
            #expect(ack.received == device.head)
            #expect(try await hq.balance(of: 1) == [:])
            #expect(try await hq.balance(of: 2) == ["points": 10, "stamps/latte": 1])
        }
    }

    @Test func `refunds in any order and in any cut come to the same`() async throws {
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
            try await RunningHQ.run { hq in
                var device = try TestDevice()
                try device.award("P1/1")
                let parts: [(Int64, Int64)] = [(30, 3), (30, 3), (39, 3)]
                for index in order {
                    let (amount, points) = parts[index]
                    try device.refund("R/\(index)", of: "P1/1", at: 1, amount, points: points)
                }
                try await device.join(hq)
                for last in 1...device.head.sequence {
                    let batch = device.batch(after: last - 1, through: last)
                    #expect(try await hq.pushed(batch, by: device).quarantined == [])
                }
                #expect(try await hq.balance(of: 1) == ["points": 1, "stamps/latte": 1])
            }
        }
    }

    @Test func `what was spent already is booked as owed`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            try device.award("P1/2", points: -8, stamps: 1)
            try device.refund("R/1", of: "P1/1", at: 1, 50, points: 5, owed: 3)
            try device.void("P1/1", of: 1, points: 0)
            try await device.join(hq)

            let ack = try await hq.pushed(device.batch(), by: device)

            // The void forgets what is owed now.
            #expect(ack.quarantined == [.init(sequence: 4, code: "void-mismatch")])
            #expect(try await hq.balance(of: 1)["points"] == nil)
        }
    }

    @Test func `an entry of a refund is shown to operators as it came`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            try device.refund("R/1", of: "P1/1", at: 1, 35, points: 3)
            try await device.join(hq)
            _ = try await hq.pushed(device.batch(), by: device)

            let entries = try await hq.hq.store.entries(
                of: device.identity.device,
                after: 1,
                limit: 9
            )
            let line = try #require(entries.arrayValue?.first?["line"]?.stringValue)
            #expect(line.contains(#""type":"refund""#) && line.contains(#""refund":"R/1""#))
        }
    }

    @Test func `an older HQ's database is updated and books refunds of what it had`() async throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/hq.sqlite"
        var device = try TestDevice()
        try device.award("P1/1")
        try device.refund("R/1", of: "P1/1", at: 1, 35, points: 3)
        var updateCount = 0
        let before = try HQStore(path: path, onUpdate: { updateCount += 1 }) { 1_790_000_000_000 }
        try await before.addDevice(device.identity, label: "Taipei 1")
        let key = device.key.publicKey
        _ = try await before.ingest(VerifiedBatch(device.batch(through: 1), key: key))
        // A database as the version before refunds wrote it.
        try await before.queue.write { db in
            try db.execute(
                sql: """
                    DROP TABLE refund;
                    DELETE FROM grdb_migrations WHERE identifier = '13 refunds';
                    """
            )
        }
        try before.queue.close()

        #expect(updateCount == 0)
        let store = try HQStore(path: path, onUpdate: { updateCount += 1 }) { 1_790_000_000_000 }
        #expect(updateCount == 1)
        let batch = try VerifiedBatch(device.batch(after: 1), key: key)
        guard case .held(let ack) = try await store.ingest(batch)
        else { return #expect(Bool(false)) }
        #expect(ack.quarantined == [])
        let held = try await store.balances(of: try #require(MemberNumber(value: 1)))
        #expect(held.first { $0.asset == .points }?.amount == 7)
    }
}
