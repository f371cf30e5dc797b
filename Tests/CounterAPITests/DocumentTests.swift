import Hummingbird
import Foundation
import Testing

@testable import CounterAPI

/// The API's document and the API say the same.
@Suite(.timeLimit(.minutes(2)))
struct DocumentTests {
    @Test func `every route is documented and every documented route exists`() async throws {
        try await withShop { shop in
            let routes = allRoutes(
                counter: shop.counter,
                exchange: shop.exchange,
                heartbeat: .seconds(60)
            )
            .map { "\($0.method.rawValue) \($0.path)" }

            let documented = try documentedRoutes()
            #expect(documented.sorted() == routes.sorted())
        }
    }

    @Test func `every documented address answers`() async throws {
        try await withShop { shop in
            let sale = #"{"key":"a","member":"\#(Shop.card)","amount":100}"#
            _ = try await shop.client.post("/v1/sales", sale)
            _ = try await shop.client.post("/v1/sales/a/refund", #"{"refund":"a","amount":1}"#)
            for route in try documentedRoutes() {
                let (method, pattern) = route.cut(at: " ")
                let path =
                    pattern
                    .replacingOccurrences(of: "{till}", with: "1")
                    .replacingOccurrences(of: "{code}", with: Shop.member)
                    .replacingOccurrences(of: "{key}", with: "a")
                    .replacingOccurrences(of: "{name}", with: "page.css")
                    .replacingOccurrences(of: "{entry}", with: "1")
                if path == "/v1/events" { continue }
                let reply =
                    method == "GET"
                    ? try await shop.client.get(path)
                    : try await shop.client.post(path, #"{"key":"a","amount":1}"#)

                #expect(![404, 405, 500].contains(reply.status), "\(route)")
            }
        }
    }

    @Test func `every kind of problem is documented`() throws {
        let text = try Repository.text("docs/openapi.yaml")
        for type in CounterProblemType.allCases {
            #expect(text.contains(type.uri), "\(type.uri)")
        }
    }

    @Test func `the program serves the document that stands in docs`() async throws {
        try await withShop { shop in
            let served = try await shop.client.get("/openapi.yaml").body

            #expect(served == (try Repository.text("docs/openapi.yaml")))
        }
    }

    /// The document's routes, read by indentation: `paths:`, then two and four spaces.
    private func documentedRoutes() throws -> [String] {
        let lines = try Repository.text("docs/openapi.yaml").components(separatedBy: "\n")
        var routes: [String] = []
        var path = ""
        for line in lines.drop(while: { $0 != "paths:" }).dropFirst() {
            if let first = line.first, first != " " { break }
            if line.hasPrefix("  /") { path = line.dropFirst(2).dropLast().description }
            let word = line.dropFirst(4)
            if line.hasPrefix("    "), word.first != " ", ["get:", "post:"].contains(word) {
                routes.append("\(word.dropLast().uppercased()) \(path)")
            }
        }
        return routes
    }
}
