import Foundation
import LedgerDB
import LoyaltyCore
import StampAgent
import SyncWire
import Testing

@testable import CounterAPI

/// The device's key, changed by an operator on the agent's socket.
@Suite(.timeLimit(.minutes(2)))
struct KeyTests {
    @Test func `a rotation is an entry, and asking again before HQ knows changes nothing`()
        async throws
    {
        try await withShop { shop in
            try await shop.ledger.acknowledge(Watermarks(received: 1, posted: 1, prunable: 0))
            let client = try shop.socketClient

            let first = try await client.post("/v1/key/rotations", "{}")
            let again = try await client.post("/v1/key/rotations", "{}")

            #expect(first.status == 200)
            #expect(first.json["entry"] == 2)
            #expect(first.json["isAcknowledged"]?.boolValue == false)
            #expect(again.body == first.body)
            let change = try #require(await shop.ledger.keyChanges().last)
            #expect(first.json["keyID"]?.stringValue == KeyID(of: change.publicKey).text)
            #expect(try await shop.ledger.head().sequence == 2)
        }
    }

    @Test func `a log that HQ does not know keeps its key, and the answer says what to do`()
        async throws
    {
        try await withShop { shop in
            let reply = try await shop.socketClient.post("/v1/key/rotations", "{}")

            #expect(reply.status == 409)
            #expect(reply.problem == "key-kept")
            #expect(reply.json["detail"]?.stringValue?.contains("enrol the device first") == true)
        }
    }

    @Test func `the loopback interface changes no key`() async throws {
        try await withShop { shop in
            let reply = try await shop.client.post("/v1/key/rotations", "{}")

            #expect(reply.problem == "socket-only")
            #expect(await shop.ledger.keyChanges() == [])
        }
    }
}
