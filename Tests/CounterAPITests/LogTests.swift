import Foundation
import LoyaltyCore
import StampAgent
import SyncWire
import Testing

@testable import CounterAPI

/// The log as batches on the agent's socket, and HQ's acknowledgement back.
@Suite(.timeLimit(.minutes(2)))
struct LogTests {
    @Test func `the socket gives the log as signed batches, and then nothing`() async throws {
        try await withShop { shop in
            _ = try await shop.client.post("/v1/sales", sale("P1/1"))

            let first = try await shop.socketClient.get("/v1/log")
            #expect(first.status == 200)
            #expect(first.headers["content-type"] == "application/x-ndjson")
            #expect(first.headers["log-head-seq"] == "2")
            let batch = try BatchV1(parsing: Array(first.body.utf8))
            let key = try #require(PublicKey(shop.exchange.identity.publicKey))
            let lines = try batch.verify(after: shop.exchange.identity.start, key: key)
            #expect(lines.map(\.sequence) == [1, 2])

            let rest = try await shop.socketClient.get("/v1/log?after=2")
            #expect(rest.status == 204)
            #expect(rest.headers["log-head-seq"] == "2")
        }
    }

    @Test func `the loopback interface gives no batch and takes no acknowledgement`() async throws {
        try await withShop { shop in
            let read = try await shop.client.get("/v1/log?after=0")
            let write = try await shop.client.post("/v1/log/acks", "{}")

            #expect(read.status == 403)
            #expect(read.problem == "socket-only")
            #expect(write.problem == "socket-only")
        }
    }

    @Test(arguments: ["-1", "x", "1.5", "9007199254740993"])
    func `a place that is no entry's number is refused`(after: String) async throws {
        try await withShop { shop in
            let reply = try await shop.socketClient.get("/v1/log?after=\(after)")

            #expect(reply.problem == "field-invalid")
        }
    }

    @Test func `a place beyond the end is refused, with the end`() async throws {
        try await withShop { shop in
            let reply = try await shop.socketClient.get("/v1/log?after=2")

            #expect(reply.status == 409)
            #expect(reply.problem == "cursor-ahead")
            #expect(reply.json["head"] == 1)
        }
    }

    @Test func `what HQ signed is acknowledged, and anything else is refused with words`()
        async throws
    {
        try await withShop { shop in
            let client = try shop.socketClient
            let good = try await ack(shop, signedBy: Shop.hqKey)
            let forged = try await ack(shop, signedBy: SigningKey())

            let refused = try await client.post("/v1/log/acks", forged)
            #expect(refused.status == 422)
            #expect(refused.problem == "ack-refused")
            #expect(await shop.exchange.received() == 0)

            for _ in 0..<2 {
                let taken = try await client.post("/v1/log/acks", good)
                #expect(taken.status == 200)
                #expect(taken.json["received"] == 1)
            }
            #expect(await shop.exchange.received() == 1)
            #expect(try await client.get("/v1/log").status == 204)
        }
    }

    @Test func `an acknowledgement may be as long as the contract says, and not longer`()
        async throws
    {
        try await withShop { shop in
            let client = try shop.socketClient
            for (count, problem) in [
                (AckV1.byteCountMax, "ack-refused"), (AckV1.byteCountMax + 1, "content-too-large"),
            ] {
                let body = String(repeating: "x", count: count)
                #expect(try await client.post("/v1/log/acks", body).problem == problem)
            }
        }
    }

    private func sale(_ key: String) -> String {
        #"{"key":"\#(key)","member":"\#(Shop.card)","amount":215}"#
    }

    private func ack(_ shop: Shop, signedBy key: SigningKey) async throws -> String {
        let head = try await shop.exchange.head()
        let ack = AckV1(
            device: shop.exchange.identity.device,
            epoch: 1,
            received: head,
            posted: head.sequence,
            prunable: 0,
            serverMs: 1_795_329_120_000,
            hqEpoch: 1,
            credit: .init(entryCount: 500, byteCount: 262_144, afterMs: 0),
            duplicateCount: 0,
            quarantined: [],
            hasChanges: false
        )
        return String(decoding: ack.bytes(signedBy: key), as: UTF8.self)
    }
}
