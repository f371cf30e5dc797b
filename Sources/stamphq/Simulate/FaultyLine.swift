import Glibc
import NIOCore
import NIOPosix
import StampAgent
import SyncWire
import Synchronization

/// The line between stores and HQ: passes requests on, or does one of the faults to them.
///
/// It knows of HTTP only where a message ends, so that what goes wrong is what a store meets.
struct FaultyLine: Sendable {
    let hqPort: Int
    let trouble: Trouble
    let dice: Dice
    let meters: Meters

    /// How often something goes wrong with a request, in a hundred.
    static let faultShare = 35
    /// The longest silence before a silent connection ends.
    static let silenceMax = Duration.seconds(2)
    /// The longest time that a request is overtaken by others.
    static let detourMax = Duration.seconds(3)
    private static let host = "127.0.0.1"

    private typealias Wire = NIOAsyncChannel<ByteBuffer, ByteBuffer>
    private typealias Writer = NIOAsyncChannelOutboundWriter<ByteBuffer>

    /// Carries requests until it is cancelled.
    ///
    /// - Parameter whenBound: Called with the port to which stores connect.
    /// - Throws: What keeps it from listening, and `CancellationError`.
    func run(whenBound: @escaping @Sendable (Int) -> Void) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1_024)
            .bind(host: Self.host, port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Wire(wrappingChannelSynchronously: channel)
                }
            }
        whenBound(server.channel.localAddress?.port ?? 0)
        try await withThrowingDiscardingTaskGroup { group in
            try await server.executeThenClose { connections in
                for try await connection in connections {
                    group.addTask { await serve(connection) }
                }
            }
        }
    }

    /// Serves one connection; whatever ends it, the store comes again.
    private func serve(_ connection: Wire) async {
        do {
            let late = try await connection.executeThenClose { inbound, outbound in
                var reader = MessageReader()
                for try await bytes in inbound {
                    reader.append(bytes)
                    guard let message = reader.next() else { continue }
                    switch try await carry(message, outbound, connection.channel) {
                    case .kept: continue
                    case .closed: return [UInt8]?.none
                    case .late: return message
                    }
                }
                return nil
            }
            guard let late else { return }
            try await pause(for: dice.duration(upTo: Self.detourMax))
            _ = try await ask(late)
        } catch {
            return
        }
    }

    /// What became of the connection that a request came on.
    private enum Fate {
        case kept
        case closed
        /// It is closed, and HQ gets the request later.
        case late
    }

    private func carry(
        _ message: [UInt8],
        _ outbound: Writer,
        _ channel: any Channel
    ) async throws -> Fate {
        let possible = Fault.ofLine.filter(trouble.now.contains)
        guard !possible.isEmpty, dice.below(100) < Self.faultShare else {
            try await outbound.write(ByteBuffer(bytes: try await ask(message)))
            return .kept
        }
        let fault = possible[dice.below(possible.count)]
        meters.count(fault)
        return try await commit(fault, message, outbound, channel)
    }

    private func commit(
        _ fault: Fault,
        _ message: [UInt8],
        _ outbound: Writer,
        _ channel: any Channel
    ) async throws -> Fate {
        switch fault {
        case .drop:
            if dice.below(2) == 0 { _ = try await ask(message) }
            try await pause(for: dice.duration(upTo: Self.silenceMax))
            return .closed
        case .duplicate:
            async let second = ask(message)
            let answer = try await ask(message)
            _ = try await second
            try await outbound.write(ByteBuffer(bytes: answer))
            return .kept
        case .reorder: return .late
        case .cut:
            if dice.below(2) == 0 {
                try await tell(Array(message.prefix(message.count / 2)))
            } else {
                let answer = try await ask(message)
                try await outbound.write(ByteBuffer(bytes: answer.prefix(answer.count - 40)))
            }
            return .closed
        case .reset:
            let linger = linger(l_onoff: 1, l_linger: 0)
            try await (channel as? any SocketOptionProvider)?.setSoLinger(linger).get()
            return .closed
        case .portal:
            try await outbound.write(ByteBuffer(string: Self.portal))
            return .kept
        case .slow:
            let answer = try await ask(message, inPieces: 4)
            for piece in answer.pieces(4) {
                try await pause(for: dice.duration(upTo: .milliseconds(300)))
                try await outbound.write(ByteBuffer(bytes: piece))
            }
            return .kept
        case .forge:
            try await outbound.write(ByteBuffer(bytes: Self.forged(try await ask(message))))
            return .kept
        case .skew, .kill: return .kept
        }
    }

    private static let portal =
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 31\r\n\r\n"
        + "<html>Agree to the terms</html>"

    /// An acknowledgement of another entry than HQ signed for, of the same length.
    private static func forged(_ answer: [UInt8]) -> [UInt8] {
        let mark = Array("\"received\":".utf8)
        var forged = answer
        for start in answer.indices.dropLast(mark.count)
        where answer[start..<(start + mark.count)].elementsEqual(mark) {
            let digit = start + mark.count
            forged[digit] = forged[digit] == 0x39 ? 0x31 : forged[digit] + 1
        }
        return forged
    }

    // MARK: - HQ's side

    /// Asks HQ on a connection of its own.
    private func ask(_ message: [UInt8], inPieces count: Int = 1) async throws -> [UInt8] {
        try await connection().executeThenClose { inbound, outbound in
            for (index, piece) in message.pieces(count).enumerated() {
                if index > 0 { try await pause(for: dice.duration(upTo: .milliseconds(300))) }
                try await outbound.write(ByteBuffer(bytes: piece))
            }
            var reader = MessageReader()
            for try await bytes in inbound {
                reader.append(bytes)
                if let answer = reader.next() { return answer }
            }
            throw ChannelError.eof
        }
    }

    /// Sends HQ bytes and hangs up.
    private func tell(_ bytes: [UInt8]) async throws {
        try await connection().executeThenClose { _, outbound in
            try await outbound.write(ByteBuffer(bytes: bytes))
        }
    }

    private func connection() async throws -> Wire {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: Self.host, port: hqPort) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Wire(wrappingChannelSynchronously: channel)
                }
            }
    }
}

/// Finds where HTTP messages end whose bodies have a length.
private struct MessageReader {
    private var buffer: [UInt8] = []

    mutating func append(_ bytes: ByteBuffer) {
        buffer += bytes.readableBytesView
    }

    /// The next whole message, or nil until more bytes come.
    mutating func next() -> [UInt8]? {
        let end = Array("\r\n\r\n".utf8)
        let headEnd = buffer.indices.first { buffer[$0...].starts(with: end) }
        guard let headEnd else { return nil }
        let lines = String(decoding: buffer[..<headEnd], as: UTF8.self).lowercased()
            .split(separator: "\r\n")
        let length = lines.first { $0.hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).drop { $0 == " " }) }
        let count = headEnd + end.count + (length ?? 0)
        guard buffer.count >= count else { return nil }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }
}

extension [UInt8] {
    /// The bytes in so many pieces of about the same length.
    fileprivate func pieces(_ pieceCount: Int) -> [[UInt8]] {
        let length = Swift.max(1, (count + pieceCount - 1) / pieceCount)
        return stride(from: 0, to: count, by: length).map { start in
            Array(self[start..<Swift.min(start + length, count)])
        }
    }
}
