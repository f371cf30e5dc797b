import LoyaltyCore
import StampAgent
import Testing

/// What a display hears.
@Suite(.timeLimit(.minutes(2)))
struct EventTests {
    @Test func `a display that connects gets the whole picture first`() async throws {
        try await withShop { shop in
            _ = try await shop.client.post("/v1/sales", #"{"key":"P1/7","amount":215}"#)

            try await shop.client.follow { next in
                let status = try await next()
                let view = try await next()

                #expect(status?.name == "status")
                #expect(status?.json["store"] == "yongkang")
                #expect(status?.json["programme"]?["title"]?["zh-Hant"] == "青田咖啡")
                #expect(view?.name == "till")
                #expect(view?.id == "2")
                #expect(view?.json["number"] == 2)
                #expect(view?.json["phase"] == "waiting-for-member")
                #expect(view?.json["amount"] == 215)
            }
        }
    }

    @Test func `an award shows when it is on disk, without the member's number`() async throws {
        try await withShop { shop in
            try await shop.client.follow { next in
                _ = try await next()
                _ = try await next()

                let reply = try await shop.client.post(
                    "/v1/sales",
                    #"{"key":"P1/7","member":"\#(Shop.card)","amount":215}"#
                )

                let view = try await nextView(next)
                #expect(view?.json["phase"] == "award")
                #expect(view?.json["entry"] == reply.json["entry"])
                #expect(view?.json["earned"] == reply.json["earned"])
                #expect(view?.json["member"]?["name"] == "王○明")
                #expect(view?.data.contains(Shop.member) == false)
                #expect(view?.data.contains("P1/7") == false)
            }
        }
    }

    @Test func `a view older than the picture is not sent again`() async throws {
        try await withShop { shop in
            _ = try await shop.client.post("/v1/sales", #"{"key":"P1/7","amount":215}"#)
            try await shop.client.follow { next in
                _ = try await next()
                let picture = try await next()
                let old = try #require(await shop.counter.view(of: "1"))

                shop.counter.hub.publish(.till(old))
                await shop.counter.cancel(till: "1")

                #expect(picture?.id == "2")
                #expect(try await nextView(next)?.id == "3")
            }
        }
    }

    @Test func `each till has its own events`() async throws {
        try await withShop(tills: ["1", "2"]) { shop in
            try await shop.client.follow("/v1/events?till=2") { next in
                _ = try await next()
                #expect(try await next()?.json["till"] == "2")

                await shop.counter.cancel(till: "1")
                await shop.counter.cancel(till: "2")

                #expect(try await nextView(next)?.json["till"] == "2")
            }
        }
    }

    @Test func `several displays hear the same over both listeners`() async throws {
        try await withShop { shop in
            try await shop.client.follow { tcp in
                try await shop.socketClient.follow { socket in
                    for _ in 0..<2 {
                        _ = try await tcp()
                        _ = try await socket()
                    }

                    await shop.counter.cancel(till: "1")

                    #expect(try await nextView(tcp) == nextView(socket))
                }
            }
        }
    }

    @Test func `a change of the status is an event without a number`() async throws {
        try await withShop { shop in
            try await shop.client.follow { next in
                _ = try await next()
                _ = try await next()
                var status = await shop.counter.status()
                status.queue.pendingCount = 132

                shop.counter.hub.publish(.status(status))

                let event = try await next()
                #expect(event?.name == "status")
                #expect(event?.id.isEmpty == true)
                #expect(event?.json["queue"]?["pendingCount"] == 132)
            }
        }
    }

    @Test func `a quiet stream carries a comment now and then`() async throws {
        try await withShop(heartbeat: .milliseconds(10)) { shop in
            try await shop.client.follow { next in
                _ = try await next()
                _ = try await next()

                #expect(try await next()?.comment?.isEmpty == true)
            }
        }
    }

    @Test func `a stream is a stream of events that nobody keeps`() async throws {
        try await withShop { shop in
            let reply = try await shop.client.send("HEAD", "/v1/events", [:])

            #expect(reply.status == 200)
            #expect(reply.headers["content-type"] == "text/event-stream")
            #expect(reply.headers["cache-control"] == "no-store")
        }
    }

    @Test func `every stream ends when the agent shuts down`() async throws {
        try await withShop { shop in
            try await shop.client.follow { next in
                _ = try await next()
                _ = try await next()

                shop.shutDown()

                while try await next() != nil {}
            }
        }
    }

    @Test func `a display that leaves is forgotten and can come back`() async throws {
        try await withShop { shop in
            for _ in 0..<(2 * 64 + 1) {
                try await shop.client.follow { next in
                    let event = try await next()
                    #expect(event?.name == "status")
                }
            }
            #expect(try await shop.client.get("/health").status == 200)
        }
    }

    /// The next event of a till, the status left out.
    private func nextView(_ next: () async throws -> Event?) async throws -> Event? {
        while let event = try await next() {
            if event.name == "till" { return event }
        }
        return nil
    }
}
