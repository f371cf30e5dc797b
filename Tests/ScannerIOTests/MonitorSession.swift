import Logging
import ScanCodec
import ScannerIO
import Testing

/// A running monitor whose events a test takes one by one.
struct MonitorSession {
    let monitor: ScannerMonitor
    private var events: AsyncStream<ScannerEvent>.Iterator

    /// Runs a monitor while a test does its steps, and stops it after them.
    static func run(
        _ adopted: [AdoptedScanner],
        _ steps: (inout MonitorSession) async throws -> Void
    ) async throws {
        let settings = ScannerSettings(adopted: adopted, adoptsByProperty: false)
        let monitor = try ScannerMonitor(settings: settings, logger: silentLogger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await monitor.run() }
            var session = MonitorSession(
                monitor: monitor,
                events: monitor.events.makeAsyncIterator()
            )
            do {
                try await steps(&session)
            } catch {
                monitor.shutdown()
                throw error
            }
            monitor.shutdown()
            try await group.waitForAll()
        }
    }

    /// The next event as text, without the words about a node's path.
    mutating func next() async -> String? {
        await nextEvent().map(Self.text)
    }

    /// Takes the next event and checks its text.
    mutating func expect(_ expected: String, at location: SourceLocation = #_sourceLocation) async {
        let found = await next()
        #expect(found == expected, sourceLocation: location)
    }

    /// Checks that no event follows.
    mutating func expectEnd(at location: SourceLocation = #_sourceLocation) async {
        let found = await next()
        #expect(found == nil, sourceLocation: location)
    }

    mutating func nextEvent() async -> ScannerEvent? {
        await events.next(isolation: nil)
    }

    static func text(_ event: ScannerEvent) -> String {
        switch event {
        case .attached: "attached"
        case .detached(_, let reason): "detached \(reason)"
        case .scan(let scan, let till):
            [
                "scan", till, scan.aim?.description,
                String(decoding: scan.bytes, as: UTF8.self),
            ].compactMap(\.self).joined(separator: " ")
        case .voided(_, let reason): "voided \(reason)"
        case .problem(.heldByAnotherProcess): "problem held"
        case .problem(.vanished): "problem vanished"
        case .problem(let problem): "problem \(problem)"
        }
    }
}

let silentLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
