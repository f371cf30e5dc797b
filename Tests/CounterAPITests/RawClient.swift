import Foundation
import LoyaltyCore
import NIOCore
import NIOPosix

/// An HTTP client that sends exactly the bytes it is given, as no proper client would.
struct RawClient {
    let address: SocketAddress

    /// What came back.
    struct Reply {
        let status: Int
        let headers: [String: String]
        let body: String

        /// The body as JSON; `null` if it is none.
        var json: CanonicalJSON {
            // Allowed: a body that is no JSON fails the test where its members are compared.
            (try? CanonicalJSON(parsing: body.utf8)) ?? .null
        }

        /// The problem's code; nil unless the reply is a whole RFC 9457 problem.
        var problem: String? {
            guard headers["content-type"] == "application/problem+json",
                json["status"]?.integerValue == Int64(status),
                json["title"]?.stringValue?.isEmpty == false,
                json["detail"]?.stringValue?.isEmpty == false,
                let type = json["type"]?.stringValue, type.hasPrefix("urn:stampd:problem:")
            else { return nil }
            return String(type.dropFirst("urn:stampd:problem:".count))
        }
    }

    func get(_ path: String, _ headers: [String: String] = [:]) async throws -> Reply {
        try await send("GET", path, headers)
    }

    func post(
        _ path: String,
        _ body: String,
        _ headers: [String: String] = [:]
    ) async throws -> Reply {
        try await send(
            "POST",
            path,
            ["Content-Type": "application/json"].merging(headers) { $1 },
            body: body
        )
    }

    func send(
        _ method: String,
        _ path: String,
        _ headers: [String: String],
        body: String = ""
    ) async throws -> Reply {
        var all = ["Host": host, "Connection": "close"].merging(headers) { $1 }
        if !body.isEmpty || method == "POST" { all["Content-Length"] = String(body.utf8.count) }
        let lines = all.filter { !$0.value.isEmpty }.map { "\($0.key): \($0.value)\r\n" }
        return try await exchange("\(method) \(path) HTTP/1.1\r\n\(lines.joined())\r\n\(body)")
    }

    /// Sends a text and reads until the service closes.
    func exchange(_ text: String) async throws -> Reply {
        try await connected { inbound, outbound in
            try await outbound.write(ByteBuffer(string: text))
            var bytes = ByteBuffer()
            for try await var part in inbound { bytes.writeBuffer(&part) }
            return Self.reply(String(buffer: bytes))
        }
    }

    /// Follows an event stream.
    ///
    /// - Parameters:
    ///   - path: The stream's address.
    ///   - body: Takes a closure that gives the next event, or nil at the stream's end.
    /// - Throws: What `body` throws, or what the connection failed with.
    func follow(
        _ path: String = "/v1/events",
        _ body: (_ next: () async throws -> Event?) async throws -> Void
    ) async throws {
        try await connected { inbound, outbound in
            let request = "GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\r\n"
            try await outbound.write(ByteBuffer(string: request))
            var parser = EventParser()
            var iterator = inbound.makeAsyncIterator()
            try await body {
                while true {
                    if let event = parser.next() { return event }
                    guard let part = try await iterator.next(isolation: #isolation)
                    else { return nil }
                    parser.text += String(buffer: part)
                }
            }
        }
    }

    private var host: String {
        address.port.map { "127.0.0.1:\($0)" } ?? "stampd"
    }

    private func connected<Result: Sendable>(
        _ body: (
            NIOAsyncChannelInboundStream<ByteBuffer>, NIOAsyncChannelOutboundWriter<ByteBuffer>
        ) async throws -> Result
    ) async throws -> Result {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel
                    )
                }
            }
        return try await channel.executeThenClose { try await body($0, $1) }
    }

    private static func reply(_ text: String) -> Reply {
        let (head, body) = text.cut(at: "\r\n\r\n")
        let lines = head.split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let (name, value) = String(line).cut(at: ": ")
            headers[name.lowercased()] = value
        }
        let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return Reply(status: status ?? 0, headers: headers, body: body)
    }
}

/// One Server-Sent Event.
struct Event: Equatable {
    var name = ""
    var id = ""
    var data = ""
    var comment: String?

    var json: CanonicalJSON {
        // Allowed: data that is no JSON fails the test where its members are compared.
        (try? CanonicalJSON(parsing: data.utf8)) ?? .null
    }
}

/// Cuts events out of a chunked HTTP response.
struct EventParser {
    var text = ""
    private var isHeadRead = false

    init() {}

    mutating func next() -> Event? {
        if !isHeadRead {
            let (_, rest) = text.cut(at: "\r\n\r\n")
            guard !rest.isEmpty else { return nil }
            text = rest
            isHeadRead = true
        }
        while let end = text.range(of: "\n\n") {
            let block = text[..<end.lowerBound]
            text = String(text[end.upperBound...])
            let event = Self.event(block)
            if event != Event() { return event }
        }
        return nil
    }

    /// Reads the fields of an event; lines of the chunked coding are none of its fields.
    private static func event(_ block: Substring) -> Event {
        var event = Event()
        for line in block.split(whereSeparator: \.isNewline) {
            if line.hasPrefix(":") { event.comment = String(line.dropFirst()) }
            let (name, value) = String(line).cut(at: ": ")
            switch name {
            case "event": event.name = value
            case "id": event.id = value
            case "data": event.data = value
            default: continue
            }
        }
        return event
    }
}

extension String {
    /// What stands before and after a mark; all of it and nothing if the mark is missing.
    func cut(at mark: String) -> (String, String) {
        guard let range = range(of: mark) else { return (self, "") }
        return (String(self[..<range.lowerBound]), String(self[range.upperBound...]))
    }
}
