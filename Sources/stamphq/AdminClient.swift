import AsyncHTTPClient
import DaemonKit
import Glibc
import Logging
import LoyaltyCore
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import StampHQ
import SyncWire

/// Speaks with HQ over the socket in its directory.
struct AdminClient {
    private let socketPath: String

    /// Most bytes of an answer.
    ///
    /// Source: 1,000 entries of the greatest length.
    private static let answerByteCountMax = 33_554_432

    /// Names the socket of a running HQ.
    init(socketPath: String) {
        self.socketPath = socketPath
    }

    /// Runs a command against HQ: the one that is running, or else one only for this command.
    static func run(
        _ data: DataOption,
        _ command: sending @escaping (Self) async throws -> Void
    ) async throws {
        let settings = HQSettings(dataDirectory: data.directory)
        guard access("\(data.directory)/hq.sqlite", F_OK) == 0 else {
            throw CommandError.noHQ(data.directory)
        }
        let client = Self(socketPath: settings.socketPath)
        let hq: HQ
        do {
            hq = try buildHQ(settings, logger: quietLogger)
        } catch HQError.inUse {
            return try await command(client)
        }
        try await AdminSide(hq: hq).run { try await command(client) }
    }

    /// Only what goes wrong; what a command does it prints itself.
    fileprivate static var quietLogger: Logger {
        Logger(label: "stamphq") { _ in JournalLogHandler(level: .error, hasPriority: false) }
    }

    /// Asks HQ for something.
    func get(_ path: String) async throws -> CanonicalJSON {
        try CanonicalJSON(parsing: await send("GET", path, nil))
    }

    /// Asks HQ for something that is not JSON.
    ///
    /// - Parameters:
    ///   - path: What to ask for.
    ///   - byteCountMax: Most bytes of the answer.
    /// - Returns: The answer's bytes.
    /// - Throws: `CommandError`; what the HTTP client throws for a longer answer.
    func get(_ path: String, upTo byteCountMax: Int) async throws -> [UInt8] {
        try await send("GET", path, nil, upTo: byteCountMax)
    }

    /// Tells HQ to do something.
    @discardableResult
    func post(_ path: String, _ body: CanonicalJSON = .object([])) async throws -> CanonicalJSON {
        try CanonicalJSON(parsing: await send("POST", path, body.bytes))
    }

    /// Tells HQ to do something with a body that is not JSON.
    @discardableResult
    func post(_ path: String, bytes: [UInt8]) async throws -> CanonicalJSON {
        try CanonicalJSON(parsing: await send("POST", path, bytes))
    }

    private func send(
        _ method: String,
        _ path: String,
        _ body: [UInt8]?,
        upTo byteCountMax: Int = answerByteCountMax
    ) async throws -> [UInt8] {
        var request = HTTPClientRequest(url: "http+unix://\(encodedSocketPath)\(path)")
        request.method = .init(rawValue: method)
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response: HTTPClientResponse
        do {
            // An import's rows or a backup can take long on a slow disk.
            response = try await HTTPClient.shared.execute(request, timeout: .minutes(30))
        } catch {
            throw CommandError.noAnswer(socketPath, "\(error)")
        }
        let bytes = Array(
            try await response.body.collect(upTo: byteCountMax).readableBytesView
        )
        if let problem = Problem(parsing: bytes) { throw CommandError.refused(problem) }
        return bytes
    }

    private var encodedSocketPath: String {
        socketPath.utf8.map { byte in
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                || (0x61...0x7A).contains(byte)
            return isPlain ? String(UnicodeScalar(byte)) : "%\(Hex.text([byte]))"
        }.joined()
    }
}

/// HQ's socket for the length of one command, while HQ itself is stopped.
private struct AdminSide: Service {
    let hq: HQ
    private let bound = AsyncStream.makeStream(of: Void.self)

    init(hq: HQ) {
        self.hq = hq
    }

    func run() async throws {
        try await hq.runAdmin { bound.continuation.yield() }
    }

    /// Runs a command once the socket answers, and then ends the service.
    func run(_ command: () async throws -> Void) async throws {
        let group = ServiceGroup(services: [self], logger: AdminClient.quietLogger)
        async let service: Void = group.run()
        var iterator = bound.stream.makeAsyncIterator()
        await iterator.next()
        do {
            try await command()
        } catch {
            await group.triggerGracefulShutdown()
            try await service
            throw error
        }
        await group.triggerGracefulShutdown()
        try await service
    }
}

/// Why a command could not be carried out.
enum CommandError: Error, CustomStringConvertible {
    /// The directory holds no HQ.
    case noHQ(String)
    /// HQ has its database open but does not answer.
    case noAnswer(String, String)
    /// HQ refused.
    case refused(Problem)
    /// A file cannot be read.
    case file(String, Int32)
    /// Some of a file's rows were refused; they are listed above.
    case rowsRefused(Int)
    /// One of several batches was refused.
    case batchRefused(Int, BatchHeaderV1, Problem)
    /// What follows is no batch.
    case notABatch(Int, BatchError)

    var description: String {
        switch self {
        case .noHQ(let directory):
            "there is no HQ in \(directory): run stamphq init or serve, or give --data"
        case .noAnswer(let path, let reason):
            "HQ does not answer on \(path) (\(reason)): wait until it has started, or restart it"
        case .refused(let problem): problem.detail
        case .file(let path, let errno): "\(path) cannot be read (errno \(errno)): check the path"
        case .rowsRefused(let count):
            "\(count) rows were refused; mend them and import the file again"
        case .batchRefused(let number, let header, let problem):
            "batch \(number), entries from \(header.first) on, is refused and changed nothing:"
                + " \(problem)"
        case .notABatch(let number, let error): "batch \(number) cannot be read: \(error)"
        }
    }
}
