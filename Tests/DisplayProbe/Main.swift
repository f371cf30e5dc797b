import CounterAPI
import Glibc
import Logging
import LoyaltyCore
import NIOPosix
import ScanCodec
import StampAgent

/// Serves the real pages over the real service, and shows the views that a test writes to it.
///
/// Each line of standard input is a JSON object: `{"view": …}` or `{"status": …}` as the event
/// stream has them, or `{"scan": …}`, a code scanned at till 1. Called with a directory for the
/// ledger and a port, the program prints `port N` once it listens and `ok` for each line; it ends
/// when its input ends.
@main
struct Main {
    static func main() async throws {
        var logger = Logger(label: "probe")
        logger.logLevel = .error
        let directory = CommandLine.arguments[1]
        let counter = try makeCounter(in: directory, logger: logger)
        let service = CounterService(
            counter: counter,
            settings: .init(port: Int(CommandLine.arguments[2]) ?? 0),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: logger,
            onListening: { port in say("port \(port)") }
        )
        try await withThrowingTaskGroup { group in
            group.addTask { try await service.run() }
            // On the main thread, which nothing else needs, since reading blocks it.
            try await obey(counter)
            exit(0)
        }
    }

    /// Publishes what each line of input says.
    @MainActor private static func obey(_ counter: Counter) async throws {
        while let line = readLine() {
            let json = try CanonicalJSON(parsing: line.utf8)
            if let view = json["view"] {
                counter.hub.publish(.till(try Script.view(view)))
            }
            if let status = json["status"] {
                counter.hub.publish(.status(try Script.status(status)))
            }
            if let text = json["scan"]?.stringValue {
                let bytes = Array(text.utf8)
                let scan = Scan(bytes: bytes, aim: nil, scanner: "probe", completedAt: .zero)
                await counter.handle(scan, till: "1")
            }
            say("ok")
        }
    }

    private static func say(_ text: String) {
        print(text)
        fflush(nil)
    }
}
