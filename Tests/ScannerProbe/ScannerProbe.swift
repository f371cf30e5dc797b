import Glibc
import Logging
import ScanCodec
import ScannerIO
import Synchronization

/// Runs a real `ScannerMonitor` on a machine that a test describes line by line.
///
/// A program of its own, because umockdev must be preloaded before the first call on `/dev`. It is
/// built for the tests and never installed. Commands come on standard input, one a line; what
/// happens goes to standard output, one a line:
///
///     add … .                          plug in devices, in umockdev's form, up to a dot's line
///     adopt MATCH TRANSPORT TILL       a scanner of the configuration
///     calls NODE                       answer the node's ioctls
///     busy NODE yes|no                 whether another program has grabbed it
///     keys NODE CODE…                  keys that are down
///     descriptor NODE HEX              its HID report descriptor
///     start                            run the monitor
///     remove SYSPATH                   pull out a device, after udev's word of it
///     write NODE HEX                   what the scanner sends
///     read NODE                        what the scanner was sent, as hex
///     hangup NODE                      the scanner's end goes away
///     status                           the scanners being read
///     stop                             end the monitor
@main
struct ScannerProbe {
    static func main() async throws {
        NodeCalls.start()
        var probe = Probe()
        while let line = readLine() {
            try await probe.obey(line.split(separator: " ").map(String.init))
        }
    }
}

/// The machine and the monitor that runs on it.
private struct Probe {
    private let testbed = Testbed()
    private var settings = ScannerSettings()
    private var monitor: ScannerMonitor?
    private var tasks: [Task<Void, any Error>] = []

    mutating func obey(_ words: [String]) async throws {
        switch words.first {
        case "add": testbed.add(readDescription())
        case "adopt":
            settings.adopted.append(
                AdoptedScanner(
                    match: try ScannerMatch(words[1]),
                    transport: ScannerTransport(rawValue: words[2]),
                    till: words[3]
                )
            )
        case "calls": testbed.answerCalls(on: words[1])
        case "busy": setNode(words[1]) { $0.isBusy = words[2] == "yes" }
        case "keys": setNode(words[1]) { $0.keys = words.dropFirst(2).compactMap { Int($0) } }
        case "descriptor": setNode(words[1]) { $0.descriptor = bytes(words[2]) }
        case "start": try start()
        case "remove":
            testbed.send("remove", for: words[1])
            testbed.remove(words[1])
        case "write":
            let data = bytes(words[2])
            precondition(write(testbed.scannerEnd(of: words[1]), data, data.count) == data.count)
        case "read":
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(testbed.scannerEnd(of: words[1]), &buffer, buffer.count)
            say("read \(hex(buffer.prefix(max(0, count))))")
        case "hangup": close(testbed.scannerEnd(of: words[1]))
        case "status":
            for info in monitor?.scanners ?? [] { say("status \(text(info))") }
            say("status end")
        case "stop":
            monitor?.shutdown()
            for task in tasks { try await task.value }
            say("stopped")
        default: fatalError("no command \(words)")
        }
    }

    private func readDescription() -> String {
        var text = ""
        while let line = readLine(), line != "." { text += line + "\n" }
        return text
    }

    private func setNode(_ path: String, _ change: (inout NodeCalls.Node) -> Void) {
        NodeCalls.nodes.withLock { change(&$0[path, default: NodeCalls.Node()]) }
    }

    private mutating func start() throws {
        let monitor = try ScannerMonitor(
            settings: settings,
            logger: Logger(label: "probe") { _ in SwiftLogNoOpLogHandler() }
        )
        self.monitor = monitor
        tasks = [
            Task { try await monitor.run() },
            Task { for await event in monitor.events { say(text(event)) } },
        ]
    }
}

/// Prints a line at once and whole.
func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = write(STDOUT_FILENO, bytes, bytes.count)
}

/// Runs a closure on a thread of its own.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body))
    pthread_create(
        &thread,
        nil,
        { context in
            guard let context else { return nil }
            Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
            return nil
        },
        box.toOpaque()
    )
}

private func text(_ info: ScannerInfo) -> String {
    let grabbed = info.isGrabbed ? "grabbed" : "shared"
    return "\(info.key) \(info.transport.rawValue) \(info.nodePath) till=\(info.till) \(grabbed)"
}

private func text(_ event: ScannerEvent) -> String {
    switch event {
    case .attached(let info): "attached \(text(info))"
    case .detached(let info, let reason): "detached \(info.key) \(reason)"
    case .scan(let scan, let till):
        "scan \(scan.scanner) till=\(till) \(scan.aim.map { "\($0) " } ?? "")\(hex(scan.bytes))"
    case .voided(let info, let reason): "voided \(info.key) \(reason)"
    case .problem(let problem): "problem \(problem)"
    }
}

private func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { byte in
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }.joined()
}

private func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex)
    return stride(from: 0, to: digits.count - 1, by: 2).compactMap { index in
        UInt8(String(digits[index...index + 1]), radix: 16)
    }
}
