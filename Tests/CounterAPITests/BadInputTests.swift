import LoyaltyCore
import StampAgent
import Testing

@testable import CounterAPI

/// What a call that is not as documented gets; nothing of it reaches the counter.
@Suite(.timeLimit(.minutes(2)))
struct BadInputTests {
    /// A body, the problem, and the field that is to blame.
    static let bodies: [(String, String, String?)] = [
        (#"{"key":"a"}"#, "field-invalid", "amount"),
        (#"{"amount":1}"#, "field-invalid", "key"),
        ("", "field-invalid", "key"),
        (#"{"key":"a","amount":-1}"#, "field-invalid", "amount"),
        (#"{"key":"a","amount":1.5}"#, "field-invalid", "amount"),
        (#"{"key":"a", "amount" : 1e3 }"#, "field-invalid", "amount"),
        (#"{"key":"a","amount":9007199254740993}"#, "field-invalid", "amount"),
        (#"{"key":"a","amount":99999999999999999999}"#, "field-invalid", "amount"),
        (#"{"key":"a","amount":"215"}"#, "field-invalid", "amount"),
        (#"{"key":"a","amount":"0xD7"}"#, "field-invalid", "amount"),
        (#"{"key":"a","amount":null}"#, "field-invalid", "amount"),
        (#"{"key":"a","amount":true}"#, "field-invalid", "amount"),
        (#"{"key":"a","amount":[1]}"#, "field-invalid", "amount"),
        (#"{"key":7,"amount":1}"#, "field-invalid", "key"),
        (#"{"key":"","amount":1}"#, "field-invalid", "key"),
        (#"{"key":"a b","amount":1}"#, "field-invalid", "key"),
        (#"{"key":"<script>","amount":1}"#, "field-invalid", "key"),
        (#"{"key":"a","amount":1,"member":7}"#, "field-invalid", "member"),
        (#"{"key":"a","amount":1,"member":""}"#, "field-invalid", "member"),
        (#"{"key":"a","amount":1,"till":7}"#, "field-invalid", "till"),
        (#"{"key":"a","amount":1,"businessDate":"2026-02-30"}"#, "field-invalid", "businessDate"),
        (#"{"key":"a","amount":1,"businessDate":20261122}"#, "field-invalid", "businessDate"),
        (#"{"key":"a","amount":1,"Amount":2}"#, "field-invalid", "Amount"),
        (#"{"key":"a","amount":1,"tip":2}"#, "field-invalid", "tip"),
        (#"{"key":"a","amount":0xD7}"#, "bad-request", nil),
        (#"{"key":"a","amount":01}"#, "bad-request", nil),
        (#"{"key":"a","amount":1,"amount":2}"#, "bad-request", nil),
        (#"{"key":"a","amount":1}{"#, "bad-request", nil),
        (#"{"key":"a","amount":1"#, "bad-request", nil),
        (#"[1.5]"#, "bad-request", nil),
        (#"["a"]"#, "bad-request", nil),
        ("null", "bad-request", nil),
        ("key=a&amount=1", "bad-request", nil),
        ("{\"key\":\"a\u{1}\",\"amount\":1}", "bad-request", nil),
        (String(repeating: "[", count: 10_000), "bad-request", nil),
    ]

    @Test func `a body that is not as documented names the field`() async throws {
        try await withShop { shop in
            let entries = try await shop.counter.recentEntries(countMax: 100).count
            for path in ["/v1/sales", "/v1/sales/preview"] {
                for (body, problem, field) in Self.bodies {
                    let reply = try await shop.client.post(path, body)

                    #expect(reply.status == 400, "\(body)")
                    #expect(reply.problem == problem, "\(body)")
                    #expect(reply.json["field"]?.stringValue == field, "\(body)")
                }
            }
            #expect(try await shop.counter.recentEntries(countMax: 100).count == entries)
            #expect(await shop.counter.view(of: "1")?.number == 1)
        }
    }

    @Test func `every limit holds at its edge`() async throws {
        try await withShop { shop in
            let client = try shop.client
            let key = String(repeating: "k", count: 80)
            let code = String(repeating: "1", count: RequestFields.memberCodeCharacterCountMax)
            func status(_ body: String) async throws -> Int {
                try await client.post("/v1/sales/preview", body).status
            }

            #expect(try await status(#"{"key":"\#(key)","amount":9007199254740992}"#) == 202)
            #expect(try await status(#"{"key":"\#(key)k","amount":1}"#) == 400)
            #expect(try await status(#"{"key":"a","amount":1,"member":"\#(code)"}"#) == 404)
            #expect(try await status(#"{"key":"a","amount":1,"member":"\#(code)1"}"#) == 400)
            #expect(try await client.get("/v1/members/\(code)1").status == 400)
        }
    }

    @Test func `a body of the limit is read, one byte more is not`() async throws {
        try await withShop { shop in
            let body = #"{"key":"a","amount":1}"#
            let spaces = RequestFields.byteCountMax - body.utf8.count
            let full = body + String(repeating: " ", count: spaces)

            #expect(try await shop.client.post("/v1/sales/preview", full).status == 202)
            let reply = try await shop.client.post("/v1/sales/preview", full + " ")
            #expect(reply.status == 413)
            #expect(reply.problem == "content-too-large")
        }
    }

    @Test(arguments: [
        "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
        "application/jsonp", "text/json",
    ])
    func `only JSON is taken`(mediaType: String) async throws {
        try await withShop { shop in
            for path in ["/v1/sales", "/v1/sales/a/void", "/v1/till/1/undo", "/v1/till/1/amount"] {
                let reply = try await shop.client.post(
                    path,
                    #"{"key":"a","amount":1}"#,
                    ["Content-Type": mediaType]
                )

                #expect(reply.status == 415)
                #expect(reply.problem == "media-type")
            }
            #expect(await shop.counter.view(of: "1")?.number == 1)
        }
    }

    @Test(arguments: ["application/json", "Application/JSON; charset=utf-8", "application/json;x"])
    func `JSON may come with parameters`(mediaType: String) async throws {
        try await withShop { shop in
            let reply = try await shop.client.post(
                "/v1/sales/preview",
                #"{"key":"a","amount":1}"#,
                ["Content-Type": mediaType]
            )

            #expect(reply.status == 202)
        }
    }

    @Test(arguments: ["/nowhere", "/v1", "/v1/sales/a/b/void", "/assets/../page.css", "/assets/x"])
    func `an unknown address is a problem`(path: String) async throws {
        try await withShop { shop in
            let reply = try await shop.client.get(path)

            #expect(reply.status == 404)
            #expect(reply.problem == "not-found")
        }
    }

    @Test(arguments: [
        ("GET", "/v1/sales", "POST"), ("DELETE", "/v1/sales/a/void", "POST"),
        ("POST", "/v1/status", "GET, HEAD"), ("OPTIONS", "/v1/sales", "POST"),
        ("PUT", "/", "GET, HEAD"), ("PATCH", "/health", "GET, HEAD"),
    ])
    func `a wrong method names the right ones`(
        method: String,
        path: String,
        allowed: String
    ) async throws {
        try await withShop { shop in
            let reply = try await shop.client.send(method, path, [:])

            #expect(reply.status == 405)
            #expect(reply.problem == "method-not-allowed")
            #expect(reply.headers["allow"] == allowed)
        }
    }

    @Test func `a till that does not exist is a problem everywhere`() async throws {
        try await withShop { shop in
            let client = try shop.client
            let replies = [
                try await client.post("/v1/sales", #"{"key":"a","amount":1,"till":"9"}"#),
                try await client.post("/v1/till/9/amount", #"{"amount":1}"#),
                try await client.post("/v1/till/9/cancel", "{}"),
                try await client.post("/v1/till/9/undo", "{}"),
                try await client.get("/v1/events?till=9"),
            ]

            #expect(replies.map(\.status) == [404, 404, 404, 404, 404])
            #expect(replies.allSatisfy { $0.problem == "till-unknown" })
        }
    }

    @Test func `a store with several tills must be told which`() async throws {
        try await withShop(tills: ["1", "2"]) { shop in
            let reply = try await shop.client.post("/v1/sales", #"{"key":"a","amount":1}"#)

            #expect(reply.status == 400)
            #expect(reply.json["field"] == "till")
        }
    }

    @Test(arguments: ["0", "101", "-1", "x", "1.5", ""])
    func `a number of entries out of range is refused`(limit: String) async throws {
        try await withShop { shop in
            let reply = try await shop.client.get("/v1/entries?limit=\(limit)")

            #expect(reply.status == 400)
            #expect(reply.json["field"] == "limit")
        }
    }

    @Test(arguments: ["GET / HTTP/9.9\r\n\r\n", "\r\n\r\nnonsense\r\n\r\n", "GET\r\n\r\n"])
    func `what is not HTTP gets 400 and a closed connection`(text: String) async throws {
        try await withShop { shop in
            let reply = try await shop.client.exchange(text)
            let later = try await shop.client.get("/health")

            #expect(reply.status == 400)
            #expect(later.status == 200)
        }
    }

    @Test(arguments: ["%", "%4", "%zz", "%FF"])
    func `an escape that is not UTF-8 is refused`(segment: String) async throws {
        try await withShop { shop in
            let reply = try await shop.client.get("/v1/members/\(segment)")

            #expect(reply.status == 400)
            #expect(reply.problem == "field-invalid")
        }
    }
}
