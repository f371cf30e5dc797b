import LedgerDB
import LoyaltyCore
import StampAgent
import Testing

/// What the cashier's page does and reads.
@Suite(.timeLimit(.minutes(2)))
struct TillTests {
    @Test func `a keyed amount waits for its member, and cancel lets it go`() async throws {
        try await withShop { shop in
            let keyed = try await shop.client.post("/v1/till/1/amount", #"{"amount":215}"#)
            let cancelled = try await shop.client.post("/v1/till/1/cancel", "{}")

            #expect(keyed.status == 200)
            #expect(keyed.json["phase"] == "waiting-for-member")
            #expect(keyed.json["amount"] == 215)
            #expect(cancelled.json["phase"] == "idle")
        }
    }

    @Test func `undo takes the till's last award back`() async throws {
        try await withShop { shop in
            let client = try shop.client
            _ = try await client.post(
                "/v1/sales",
                #"{"key":"P1/7","member":"\#(Shop.card)","amount":215}"#
            )

            let reply = try await client.post("/v1/till/1/undo", "{}")

            #expect(reply.json["phase"] == "voided")
            #expect(reply.json["entry"]?.integerValue != nil)
            #expect(try await client.get("/v1/members/\(Shop.member)").json["points"] == 0)
        }
    }

    @Test func `the newest entries come first, without members`() async throws {
        try await withShop { shop in
            let client = try shop.client
            for key in ["a", "b"] {
                _ = try await client.post(
                    "/v1/sales",
                    #"{"key":"\#(key)","member":"\#(Shop.card)","amount":70}"#
                )
            }

            let reply = try await client.get("/v1/entries?limit=2")

            let entries = reply.json["entries"]?.arrayValue ?? []
            #expect(entries.map { $0["key"] } == ["b", "a"])
            #expect(entries.map { $0["type"] } == ["award", "award"])
            #expect(entries.map { $0["amount"] } == [70, 70])
            #expect(!reply.body.contains(Shop.member))
        }
    }

    @Test func `one entry is told by its number, and its sale says why`() async throws {
        try await withShop { shop in
            let client = try shop.client
            let first = try await client.post(
                "/v1/sales",
                #"{"key":"P1/7","member":"\#(Shop.card)","amount":215}"#
            )
            let number = try #require(first.json["entry"]?.integerValue)

            let entry = try await client.get("/v1/entries/\(number)")
            let sale = try await client.get("/v1/sales/P1%2F7")

            #expect(entry.json["key"] == "P1/7")
            #expect(entry.json["programme"]?["version"]?.integerValue != nil)
            #expect(!entry.body.contains(Shop.member))
            #expect(sale.json["derivation"] == first.json["derivation"])
            #expect(sale.json["entry"] == .integer(number))
        }
    }

    @Test func `an entry or a sale that is not there is told as that`() async throws {
        try await withShop { shop in
            let client = try shop.client

            #expect(try await client.get("/v1/entries/999999").status == 404)
            #expect(try await client.get("/v1/entries/0").status == 400)
            #expect(try await client.get("/v1/entries/first").status == 400)
            #expect(try await client.get("/v1/sales/none").json["reason"] == "sale-unknown")
            #expect(try await client.get("/v1/sales/a%20b").status == 400)
        }
    }

    @Test func `the status says what waits and what to do`() async throws {
        try await withShop { shop in
            shop.board.update { notes in
                notes.scanners = [
                    ScannerStatus(
                        identity: "0c2e:0200",
                        label: "Voyager",
                        transport: "keyboard",
                        till: "1",
                        isAttached: false
                    )
                ]
            }

            let status = try await shop.client.get("/v1/status").json

            #expect(status["version"] == "test")
            #expect(status["queue"]?["pendingCount"]?.integerValue == 1)
            #expect(status["scanners"]?.arrayValue?.first?["isAttached"] == .bool(false))
            #expect(status["advice"]?.arrayValue?.first?["code"] == "scanner-unplugged")
            #expect(status["programme"]?["currency"] == "TWD")
        }
    }

    @Test func `health answers even when the ledger is closed`() async throws {
        try await withShop { shop in
            await shop.ledger.close()

            let reply = try await shop.client.get("/health")

            #expect(reply.status == 200)
            #expect(reply.json == ["status": "ok"])
        }
    }
}
