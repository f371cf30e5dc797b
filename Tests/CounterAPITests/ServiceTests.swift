import Foundation
import LoyaltyCore
import Synchronization
import Testing

@testable import CounterAPI

/// How the service listens.
@Suite(.timeLimit(.minutes(2)))
struct ServiceTests {
    @Test func `only the socket's user and group may connect, and the file goes away`() async throws
    {
        let path = Mutex("")
        try await withShop { shop in
            path.withLock { $0 = shop.socketPath }
            let attributes = try FileManager.default.attributesOfItem(atPath: shop.socketPath)
            #expect(attributes[.posixPermissions] as? Int == 0o660)
        }
        #expect(!FileManager.default.fileExists(atPath: path.withLock { $0 }))
    }

    @Test func `pages and assets are in the program`() async throws {
        try await withShop { shop in
            for (path, mediaType) in [
                ("/", "text/html; charset=utf-8"), ("/cashier", "text/html; charset=utf-8"),
                ("/assets/page.css", "text/css; charset=utf-8"),
                ("/assets/display.js", "text/javascript; charset=utf-8"),
                ("/assets/words.zh-Hant.json", "application/json"),
                ("/assets/icon.svg", "image/svg+xml"), ("/openapi.yaml", "application/yaml"),
            ] {
                let reply = try await shop.client.get(path)

                #expect(reply.status == 200)
                #expect(reply.headers["content-type"] == mediaType)
                #expect(!reply.body.isEmpty)
            }
        }
    }

    @Test func `both pages together weigh at most 150 KB`() async throws {
        let byteCount = try Repository.files(in: "Sources/CounterAPI/Page")
            .filter { !$0.hasSuffix(".yaml") }
            .reduce(0) { try $0 + Repository.text($1).utf8.count }

        #expect((1...150_000).contains(byteCount))
    }

    @Test func `pages hold no inline code and no foreign address`() throws {
        for file in try Repository.files(in: "Sources/CounterAPI/Page")
        where !file.hasSuffix(".yaml") {
            let text = try Repository.text(file)
                .replacingOccurrences(of: "http://www.w3.org/2000/svg", with: "")

            #expect(!text.contains("http:") && !text.contains("https:"), "\(file)")
            #expect(!text.contains("innerHTML") && !text.contains("insertAdjacentHTML"), "\(file)")
            guard file.hasSuffix(".html") else { continue }
            #expect(!text.contains("style=") && !text.contains("<style"), "\(file)")
            #expect(text.range(of: #"\son[a-z]+="#, options: .regularExpression) == nil, "\(file)")
            #expect(text.range(of: #"<script[^>]*>[^<]"#, options: .regularExpression) == nil)
        }
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (784_111_777_000, "Sun, 06 Nov 1994 08:49:37 GMT"),  // RFC 9110 section 5.6.7
        (1_709_251_199_999, "Thu, 29 Feb 2024 23:59:59 GMT"),
    ])
    func `dates are written as HTTP has them`(unixMs: Int64, text: String) {
        #expect(httpDate(WallTime(unixMs: unixMs)) == text)
    }
}
