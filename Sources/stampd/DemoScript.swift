import AsyncHTTPClient
import Foundation
import LoyaltyCore
import NIOCore
import NIOPosix
import ScanCodec
import ScannerIO
import ServiceLifecycle
import StampAgent

/// Types the demo's scans, and tells each step as it is seen from outside.
struct DemoScript: Service {
    /// The printed card of the demo's member: kind 4, a number and two check digits.
    static let card = "40000000000012363"
    /// Another member's card, for whoever tries `stampctl scan`: the demo's member is still there.
    static let otherCard = "42026112200000116"

    let scanner: VirtualScanner
    let keyboard: String
    let counter: Counter
    let steps: DemoSteps

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await perform() }
        } catch  where Task.isShuttingDownGracefully {
            // Whatever ends in the middle then is meant to.
        }
    }

    private func perform() async throws {
        var ports = steps.ports.makeAsyncIterator()
        guard let port = await ports.next() else { return }
        let page = "http://127.0.0.1:\(port)/"
        let events = counter.hub.follow()
        try await withThrowingTaskGroup { group in
            group.addTask { try await followDisplay(page) }
            group.addTask { try await typeScans() }
            group.addTask { try await play(events, page) }
            try await group.waitForAll()
        }
    }

    /// Makes the three scans, each after HQ has acknowledged the one before, and stays.
    private func play(_ events: AsyncStream<CounterEvent>, _ page: String) async throws {
        try await waitForScanner()
        var scans = [Self.card, receipt(), Self.card][...]
        var unacknowledged: [Int64] = []
        try type(&scans)
        for await event in events {
            switch event {
            case .till(let view):
                tell(view, page: page)
                if let entry = view.entry, !view.isRepeat { unacknowledged.append(entry) }
            case .status(let status):
                for entry in unacknowledged where entry <= status.queue.receivedSequence {
                    steps.say("HQ acknowledged entry \(entry)")
                    unacknowledged.removeAll { $0 == entry }
                    if !scans.isEmpty {
                        try type(&scans)
                    } else {
                        invite(page)
                    }
                }
            }
        }
    }

    /// Types the next scan into the scanner, ended as scanners end theirs.
    private func type(_ scans: inout ArraySlice<String>) throws {
        guard let scan = scans.popFirst() else { return }
        try scanner.send(Array(scan.utf8) + [0x0D])
    }

    private func invite(_ page: String) {
        steps.say(
            "watch",
            "\(page) (customer) and \(page)cashier (cashier);"
                + " 'stampctl scan \(Self.otherCard)' makes the next scan, Ctrl-C ends the demo"
        )
    }

    private func tell(_ view: TillView, page: String) {
        switch view.phase {
        case .award:
            let earned = view.earned.map { "+\($0.amount) \($0.asset.name)" }
            steps.onDisk(
                view.entry ?? 0,
                earned.joined(separator: ", ") + (view.isRepeat ? " (as before)" : ""),
                display: page
            )
        case .refused(let code, _): steps.say("refused", code)
        case .notRecorded(let code): steps.say("not recorded", code)
        default: return
        }
    }

    /// The left QR of a receipt printed today, over 215 dollars, as shops in Taiwan print it.
    private func receipt() -> String {
        let today = BusinessDate(at: wallClockNow(), in: .taipei)
        let date = String(format: "%03d%02d%02d", today.year - 1_911, today.month, today.day)
        return "AB12345650\(date)1234" + "000000cd000000d7" + "0000000004595257"
            + "YzbKZNZ7gR3bGVGMCxeW6w==" + ":**********:1:1:1:拿鐵:1:215:"
    }

    private func waitForScanner() async throws {
        let events = counter.hub.follow()
        if await counter.status().scanners.contains(where: \.isAttached) { return }
        for await event in events {
            if case .status(let status) = event, status.scanners.contains(where: \.isAttached) {
                return
            }
        }
    }

    /// Follows the page's own event stream, to say when a display has the news.
    private func followDisplay(_ page: String) async throws {
        let request = HTTPClientRequest(url: page + "v1/events?till=1")
        let reply = try await HTTPClient.shared.execute(request, timeout: .hours(24 * 365))
        var line: [UInt8] = []
        for try await chunk in reply.body {
            for byte in chunk.readableBytesView {
                if byte != UInt8(ascii: "\n") {
                    line.append(byte)
                    continue
                }
                let text = String(decoding: line, as: UTF8.self)
                if let entry = Self.awardedEntry(in: text) {
                    steps.onDisplay(entry, display: page)
                }
                line = []
            }
        }
    }

    /// The entry of an award that a line of the event stream tells of.
    private static func awardedEntry(in line: String) -> Int64? {
        guard line.hasPrefix("data: ") else { return nil }
        do {
            let view = try CanonicalJSON(parsing: line.dropFirst(6).utf8)
            return view["phase"]?.stringValue == "award" ? view["entry"]?.integerValue : nil
        } catch {
            return nil
        }
    }

    /// Types into the scanner what 'stampctl scan' writes.
    private func typeScans() async throws {
        // Open for writing too, so that the FIFO does not end when a writer goes.
        let descriptor = open(keyboard, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        let bootstrap = NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        let channel = try await bootstrap.takingOwnershipOfDescriptor(input: descriptor) {
            channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, Never>(wrappingChannelSynchronously: channel)
            }
        }
        try await channel.executeThenClose { typed, _ in
            for try await bytes in typed { try scanner.send(Array(bytes.readableBytesView)) }
        }
    }
}
