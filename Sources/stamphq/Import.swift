import ArgumentParser
import DaemonKit
import Glibc
import LoyaltyCore
import SyncWire

/// `stamphq import`: takes in what a store wrote to a stick.
struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take in the log that 'stampctl log export' wrote.",
        discussion: """
            Every batch goes the way of a push: chain and signature are checked, entries that HQ \
            holds are passed over. May be stopped and repeated. At the first batch that is refused \
            it ends with the reason and exit status 1; the batches before it are taken.
            """
    )

    @OptionGroup var data: DataOption
    @Option(help: "Write HQ's signed acknowledgement here, for 'stampctl log acknowledge'.")
    var acks: String?
    @Argument(help: "The file, or - for standard input.")
    var file: String

    func run() async throws {
        try await AdminClient.run(data) { hq in
            var intake = BatchIntake(hq: hq)
            do {
                try await intake.read(file)
            } catch {
                // What was taken before is acknowledged all the same.
                try intake.writeAcks(to: acks)
                print(intake.summary)
                throw error
            }
            try intake.writeAcks(to: acks)
            print(intake.summary)
        }
    }
}

/// Brings batches that follow each other to HQ, one by one, and counts what became of them.
struct BatchIntake {
    let hq: AdminClient
    private(set) var newCount: Int64 = 0
    private(set) var heldCount: Int64 = 0
    private(set) var quarantinedCount = 0
    /// The last acknowledgement for each device, in the order in which they first came.
    private var acks: [(device: DeviceID, ack: CanonicalJSON)] = []
    private var batchCount = 0
    private var splitter = BatchSplitter()
    private var progress = Progress()

    init(hq: AdminClient) {
        self.hq = hq
    }

    /// What became of the entries, in a sentence.
    var summary: String {
        let heads = acks.map { device, ack in
            "HQ holds \(device.text) up to entry \(ack["received"]?.integerValue ?? 0)."
        }
        return
            ([
                "\(newCount) entries are new, \(heldCount) were held already,"
                    + " \(quarantinedCount) of them without effect (stamphq quarantine)."
            ] + heads)
            .joined(separator: "\n")
    }

    /// How far HQ holds a device's log now, as far as this intake has learnt.
    func received(of device: DeviceID) -> Int64? {
        ack(of: device)?["received"]?.integerValue
    }

    /// The last acknowledgement for a device.
    func ack(of device: DeviceID) -> CanonicalJSON? {
        acks.first { $0.device == device }?.ack
    }

    /// Reads a file to its end.
    mutating func read(_ path: String) async throws {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CommandError.file(path, errno) }
        defer { close(descriptor) }
        var chunk = [UInt8](repeating: 0, count: 262_144)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw CommandError.file(path, errno) }
            if count == 0 { break }
            try await take(chunk.prefix(count))
        }
        try finish()
    }

    /// Takes the bytes that follow, and gives HQ each batch that they make whole.
    mutating func take(_ bytes: some Sequence<UInt8>) async throws {
        splitter.append(bytes)
        while let piece = try next() {
            batchCount += 1
            let ack: CanonicalJSON
            do {
                ack = try await hq.post("/v1/batches", bytes: piece.bytes)
            } catch CommandError.refused(let problem) {
                throw CommandError.batchRefused(batchCount, piece.header, problem)
            }
            count(ack, piece.header)
            progress.tell("entry \(piece.header.first - 1 + Int64(piece.header.count))")
        }
    }

    /// Takes the end of the bytes.
    mutating func finish() throws {
        do throws(BatchError) {
            try splitter.finish()
        } catch {
            throw CommandError.notABatch(batchCount + 1, error)
        }
        guard batchCount > 0 else { throw CommandError.notABatch(1, .cutShort) }
    }

    /// Writes the acknowledgements, one line for each device, if a path is given.
    func writeAcks(to path: String?) throws {
        guard let path, !acks.isEmpty else { return }
        let lines = acks.flatMap { $0.ack.bytes + [UInt8(ascii: "\n")] }
        try DurableFile.write(lines, to: path, mode: 0o644)
    }

    private mutating func next() throws -> BatchSplitter.Piece? {
        do throws(BatchError) {
            return try splitter.next()
        } catch {
            throw CommandError.notABatch(batchCount + 1, error)
        }
    }

    private mutating func count(_ ack: CanonicalJSON, _ header: BatchHeaderV1) {
        let held = ack["dup"]?.integerValue ?? 0
        heldCount += held
        newCount += Int64(header.count) - held
        quarantinedCount += ack["quarantined"]?.arrayValue?.count ?? 0
        if let index = acks.firstIndex(where: { $0.device == header.device }) {
            acks[index].ack = ack
        } else {
            acks.append((header.device, ack))
        }
    }
}

/// Tells on standard error how far something long is, once a second.
struct Progress {
    private let clock = ContinuousClock()
    private var toldAt: ContinuousClock.Instant

    init() {
        toldAt = clock.now
    }

    mutating func tell(_ words: @autoclosure () -> String) {
        guard clock.now - toldAt >= .seconds(1) else { return }
        toldAt = clock.now
        FileOutput.standardError.write("\(words())\n")
    }
}
