import Foundation
import LedgerDB
import LoyaltyCore
import SyncWire
import Testing

@testable import StampAgent

/// A store whose ledger was lost as a whole, with what it knew of the device's keys.
struct LostKeyTests {
    private let next = SigningKey()
    private let other = SigningKey()

    @Test func `the log goes on under the only key that is left`() async throws {
        let store = try await lostStore()
        let hq = StrictHQ(store.ledger.identity, knowing: next.publicKey)
        let sync = makeSync(store, TestRing(next), hq)

        await drain(sync)

        #expect(store.ledger.identity.epoch == 2)
        #expect(try await store.ledger.queue().pendingCount == 0)
        #expect(hq.refusals == [])
    }

    @Test func `where more are left, the one that HQ knows is found`() async throws {
        for keys in [[next, other], [other, next], [other, next, SigningKey()]] {
            let store = try await lostStore()
            let hq = StrictHQ(store.ledger.identity, knowing: next.publicKey)
            let ring = TestRing(keys)
            let sync = makeSync(store, ring, hq)

            await drain(sync)
            #expect(try await store.ledger.queue().pendingCount == 0)
            #expect(hq.refusals.count < keys.count)
            #expect(try await ring.keys.requester(of: store.ledger).keyID == next.keyID)
        }
    }

    @Test func `the first key signs while it is here and HQ knows no other`() async throws {
        let store = try await lostStore()
        let hq = StrictHQ(store.ledger.identity)
        let sync = makeSync(store, TestRing(store.key, next), hq)

        await drain(sync)

        #expect(try await store.ledger.queue().pendingCount == 0)
        #expect(hq.refusals == [])
    }

    @Test func `an HQ that knows none of them is an alarm, each tried once`() async throws {
        let store = try await lostStore()
        let hq = StrictHQ(store.ledger.identity, knowing: SigningKey().publicKey)
        let sync = makeSync(store, TestRing(next, other), hq)

        var pauses: [Duration?] = []
        for _ in 0..<6 where pauses.last != .some(PushPlan.slowPause) {
            pauses.append(await sync.pushOnce())
        }

        #expect(pauses == [.zero, PushPlan.slowPause])
        #expect(hq.refusals.count == 2)
        #expect(await sync.pushOnce() == .zero)
    }

    @Test func `the next change brings the key into the log, and nothing is guessed any more`()
        async throws
    {
        let store = try await lostStore()
        let hq = StrictHQ(store.ledger.identity, knowing: next.publicKey)
        let ring = TestRing(next)
        await drain(makeSync(store, ring, hq))

        let change = try await ring.keys.rotate(in: store.ledger, at: store.time.reading)
        await store.scan(store.card)
        await drain(makeSync(store, ring, hq))

        #expect(change.publicKey == next.publicKey.bytes)
        #expect(await store.ledger.keyChanges() == [change])
        #expect(try await store.ledger.queue().pendingCount == 0)
        #expect(hq.refusals == [])
        #expect(hq.received == change.sequence + 1)
    }

    /// A store after its ledger's file was overwritten; the mark beside it tells the epoch.
    private func lostStore() async throws -> TestStore {
        let store = try await TestStore(isKept: true)
        await store.scan(store.card)
        await store.ledger.close()
        let path = store.directory + "/ledger.sqlite"
        for suffix in ["-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.removeItem(atPath: path + suffix)
        }
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        let noise = Data((0..<(try #require(size))).map { _ in UInt8.random(in: 0...255) })
        try noise.write(to: URL(fileURLWithPath: path))
        let next = try await TestStore(in: store.directory)
        // Keys of visits are made of the time.
        next.time.pass(.seconds(60))
        return next
    }

    /// Pushes until nothing is left, without a pause.
    private func drain(_ sync: SyncService<StrictHQ>) async {
        var pauses: [Duration?] = []
        while pauses.last != .some(nil), pauses.count < 20 { pauses.append(await sync.pushOnce()) }
        #expect(pauses.last == .some(nil), "\(pauses)")
        #expect(pauses.dropLast().allSatisfy { $0 == .zero }, "\(pauses)")
    }
}
