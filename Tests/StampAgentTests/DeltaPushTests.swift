import LedgerDB
import LoyaltyCore
import SyncWire
import Testing

@testable import StampAgent

/// When a push is coded against the entry before it, and when it is gzip.
struct DeltaPushTests {
    @Test func `small pushes are coded once HQ has said that it reads them`() async throws {
        let store = try await TestStore()
        await store.scan(store.card)
        let hq = FakeHQ(takesDelta: true)
        let sync = makeSync(store, hq)

        _ = await sync.pushOnce()
        for card in [store.otherCard, store.card] {
            await store.scan(card)
            store.time.pass(.milliseconds(3_600_000))
            _ = await sync.pushOnce()
        }

        #expect(hq.encodings == ["gzip", "stampd-delta", "stampd-delta"])
        #expect(try await store.ledger.queue().pendingCount == 0)
        let batch = try #require(hq.batches.last)
        #expect(try batch.verify(after: batch.header.start, key: store.key.publicKey).count == 1)
    }

    @Test func `an HQ that does not say so gets gzip`() async throws {
        let store = try await TestStore()
        let hq = FakeHQ()
        let sync = makeSync(store, hq)

        for card in [store.card, store.otherCard] {
            await store.scan(card)
            _ = await sync.pushOnce()
        }

        #expect(hq.encodings == ["gzip", "gzip"])
    }

    @Test func `an HQ that lost the entry before gets gzip at once`() async throws {
        let store = try await TestStore()
        await store.scan(store.card)
        let hq = FakeHQ(takesDelta: true)
        let sync = makeSync(store, hq)
        _ = await sync.pushOnce()

        hq.forget()
        await store.scan(store.otherCard)
        #expect(await sync.pushOnce() == .zero)

        #expect(hq.encodings == ["gzip", "stampd-delta", "gzip"])
        #expect(try await store.ledger.queue().pendingCount == 0)
    }

    @Test func `after a line that broke the next push is gzip`() async throws {
        let store = try await TestStore()
        await store.scan(store.card)
        let hq = FakeHQ(takesDelta: true)
        let sync = makeSync(store, hq)
        _ = await sync.pushOnce()

        hq.setMood(.away)
        await store.scan(store.otherCard)
        _ = await sync.pushOnce()
        hq.setMood(.well)
        _ = await sync.pushOnce()

        #expect(hq.encodings == ["gzip", "stampd-delta", "gzip"])
    }

    @Test func `what lets only gzip through gets gzip from then on`() async throws {
        let store = try await TestStore()
        let hq = FakeHQ(mood: .narrow, takesDelta: true)
        let sync = makeSync(store, hq)

        for card in [store.card, store.otherCard, store.card] {
            await store.scan(card)
            store.time.pass(.milliseconds(3_600_000))
            while try await store.ledger.queue().pendingCount > 0 { _ = await sync.pushOnce() }
        }

        #expect(hq.encodings == ["gzip", "stampd-delta", "gzip", "gzip"])
    }
}
