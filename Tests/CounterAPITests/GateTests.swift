import StampAgent
import Foundation
import Testing

@testable import CounterAPI

/// Who may call: nobody through a foreign page, nobody under a foreign name.
@Suite(.timeLimit(.minutes(2)))
struct GateTests {
    @Test func `each name of this machine is answered`() async throws {
        try await withShop { shop in
            for host in ["127.0.0.1:\(shop.port)", "localhost:\(shop.port)", "[::1]:\(shop.port)"] {
                let reply = try await shop.client.get("/v1/status", ["Host": host])
                #expect(reply.status == 200)
            }
        }
    }

    @Test(arguments: [
        "evil.example", "evil.example:PORT", "127.0.0.1", "localhost", "127.0.0.1:1",
        "127.0.0.1:PORT.evil.example", "localhost:PORT@evil.example", "LOCALHOST:PORT",
        "127.0.0.2:PORT", "0.0.0.0:PORT", "[::]:PORT", "localhost.:PORT", " ",
    ])
    func `any other name is refused, data and page alike`(host: String) async throws {
        try await withShop { shop in
            let host = host.replacingOccurrences(of: "PORT", with: String(shop.port))
            for path in ["/", "/v1/status", "/nowhere"] {
                let reply = try await shop.client.get(path, ["Host": host])

                #expect(reply.status == 421)
                #expect(reply.problem == "host-refused")
            }
        }
    }

    @Test func `a request without a name, with two, or with a whole address is refused`()
        async throws
    {
        try await withShop { shop in
            let own = "127.0.0.1:\(shop.port)"
            let requests = [
                "GET /v1/status HTTP/1.1",
                "GET /v1/status HTTP/1.1\r\nHost: \(own)\r\nHost: evil",
                "GET /v1/status HTTP/1.1\r\nHost: evil\r\nHost: \(own)",
                "GET http://\(own)/v1/status HTTP/1.1\r\nHost: evil",
            ]
            for request in requests {
                let whole = request + "\r\nConnection: close\r\n\r\n"
                let reply = try await shop.client.exchange(whole)
                #expect([400, 421].contains(reply.status), "\(request)")
            }
        }
    }

    @Test func `the Unix socket asks for no name`() async throws {
        try await withShop { shop in
            let reply = try await shop.socketClient.get("/v1/status")
            #expect(reply.status == 200)
        }
    }

    /// A page of another origin, in every way that a browser says so.
    static let foreign: [[String: String]] = [
        ["Origin": "http://evil.example"],
        ["Origin": "null"],
        ["Origin": "http://localhost:1"],
        ["Origin": "https://127.0.0.1:PORT"],
        ["Origin": "http://127.0.0.1:PORT.evil.example"],
        ["Sec-Fetch-Site": "cross-site"],
        ["Sec-Fetch-Site": "same-site"],
        ["Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:PORT"],
    ]

    @Test(arguments: foreign)
    func `a foreign page can neither change nor read`(headers: [String: String]) async throws {
        try await withShop { shop in
            let headers = headers.mapValues {
                $0.replacingOccurrences(of: "PORT", with: String(shop.port))
            }
            let client = try shop.client
            let replies = [
                try await client.post("/v1/sales", #"{"key":"a","amount":1}"#, headers),
                try await client.post("/v1/till/1/undo", "{}", headers),
                try await client.get("/v1/status", headers),
                try await client.get("/v1/members/\(Shop.member)", headers),
                try await client.get("/v1/events", headers),
            ]

            #expect(replies.map(\.status) == [403, 403, 403, 403, 403])
            #expect(replies.allSatisfy { $0.problem == "origin-refused" })
            #expect(await shop.counter.view(of: "1")?.number == 1)
        }
    }

    @Test func `our own page may change and read`() async throws {
        try await withShop { shop in
            let own = [
                "Origin": "http://127.0.0.1:\(shop.port)", "Sec-Fetch-Site": "same-origin",
            ]

            let replies = [
                try await shop.client.post("/v1/till/1/cancel", "{}", own),
                try await shop.client.get("/v1/status", own),
                try await shop.client.get("/v1/status", ["Sec-Fetch-Site": "none"]),
            ]

            #expect(replies.map(\.status) == [200, 200, 200])
        }
    }

    @Test func `a link on another site may lead to the page`() async throws {
        try await withShop { shop in
            let reply = try await shop.client.get("/", ["Sec-Fetch-Site": "cross-site"])

            #expect(reply.status == 200)
        }
    }

    @Test(arguments: ["/", "/cashier", "/v1/status", "/assets/page.css", "/nowhere"])
    func `every response carries the browser's rules and no permission for others`(
        path: String
    ) async throws {
        try await withShop { shop in
            let headers = try await shop.client.get(path).headers

            #expect(headers["content-security-policy"] == Envelope.contentSecurityPolicy)
            #expect(headers["x-content-type-options"] == "nosniff")
            #expect(headers["referrer-policy"] == "no-referrer")
            #expect(headers["cross-origin-resource-policy"] == "same-origin")
            #expect(headers["access-control-allow-origin"] == nil)
            #expect(headers["server"] == nil)
            #expect(headers["date"]?.hasSuffix(" GMT") == true)
            let isAsset = path == "/" || path == "/cashier" || path.hasPrefix("/assets/")
            #expect(headers["cache-control"] == (isAsset ? "no-cache" : "no-store"))
        }
    }

    @Test func `the policy allows our own scripts and styles and nothing else`() {
        #expect(
            Envelope.contentSecurityPolicy
                == "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                + "img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        )
    }
}
