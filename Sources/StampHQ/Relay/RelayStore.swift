import DaemonKit
import Foundation
import LoyaltyCore
import SyncWire

/// The batches that a relay keeps for HQ: one file each, as they came.
///
/// Nobody trusts it: HQ verifies every batch anew. It checks chains only to refuse what was damaged
/// on its way here, and forgets only what HQ signed as safe.
actor RelayStore {
    /// A device's log as far as the relay holds it.
    struct Log: Equatable {
        /// The kept batches, by their first entry.
        var pieces: [Piece] = []

        /// The last entry of the run that an entry belongs to; nil if it is not kept.
        func end(ofRunFrom sequence: Int64) -> Int64? {
            var end: Int64?
            for piece in pieces where piece.first <= (end ?? sequence - 1) + 1 {
                if piece.last >= (end ?? sequence) { end = piece.last }
            }
            return end
        }
    }

    /// One kept batch.
    struct Piece: Equatable {
        let first: Int64
        let last: Int64
    }

    /// Which log.
    struct Name: Hashable {
        let device: DeviceID
        let epoch: Int64
    }

    /// Most logs that are kept.
    ///
    /// Source: our own bound; a district has some hundred stores.
    static let logCountMax = 1_000
    /// Most bytes of all kept batches together, unless the operator allows another number.
    ///
    /// Source: our own bound; a hundred stores of 1,000 entries a day fill it in some six months.
    static let byteCountMax: Int64 = 4_294_967_296

    private let directory: String
    private let hqKey: PublicKey
    private let logCountMax: Int
    private let byteCountMax: Int64
    /// Bytes of all kept batches.
    private(set) var byteCount: Int64 = 0
    private var logs: [Name: Log] = [:]
    private var acks: [Name: (ack: AckV1, bytes: [UInt8])] = [:]

    /// Opens a directory, and makes it if it is missing.
    ///
    /// - Throws: `HQError`, `FileError`.
    init(
        directory: String,
        hqKey: PublicKey,
        logCountMax: Int = RelayStore.logCountMax,
        byteCountMax: Int64 = RelayStore.byteCountMax
    ) throws {
        self.directory = directory
        self.hqKey = hqKey
        self.logCountMax = logCountMax
        self.byteCountMax = byteCountMax
        try DurableFile.makeDirectory(directory, mode: 0o700)
        for name in try Self.names(in: directory) {
            let path = Self.path(directory, name)
            let pieces = try Self.pieces(in: path)
            logs[name] = Log(pieces: pieces)
            for piece in pieces {
                byteCount += try Self.byteCount(of: "\(path)/\(Self.fileName(piece))")
            }
            if let bytes = try DurableFile.read("\(path)/ack"),
                let ack = Self.ack(bytes, signedBy: hqKey)
            {
                acks[name] = (ack, bytes)
            }
        }
    }

    /// Keeps a batch, and returns once it is on the disk.
    ///
    /// May be called twice with the same one.
    ///
    /// - Returns: How far the relay holds the log without gaps from this batch on.
    /// - Throws: `Problem`, `FileError`; nothing was kept then.
    func keep(_ batch: BatchV1, _ bytes: [UInt8]) throws -> Int64 {
        try Self.checkChain(of: batch)
        let name = Name(device: batch.header.device, epoch: batch.header.epoch)
        let piece = Piece(
            first: batch.header.first,
            last: batch.header.first - 1 + Int64(batch.bodies.count)
        )
        var log = logs[name] ?? Log()
        if let head = log.pieces.map(\.last).max(), piece.first > head + 1 {
            throw Problem(
                .logGap,
                "Send entry \(head + 1) next.",
                extras: [.init("expected", .integer(head + 1))]
            )
        }
        // A batch without entries only asks.
        guard !batch.bodies.isEmpty else { return log.end(ofRunFrom: piece.first) ?? piece.last }
        if !log.pieces.contains(where: { $0.first <= piece.first && $0.last >= piece.last }) {
            guard byteCount + Int64(bytes.count) <= byteCountMax else { throw full }
            try makeRoom(for: name)
            let path = "\(Self.path(directory, name))/\(Self.fileName(piece))"
            try DurableFile.write(bytes, to: path, mode: 0o600)
            byteCount += Int64(bytes.count)
            log.pieces.append(piece)
            log.pieces.sort { ($0.first, $0.last) < ($1.first, $1.last) }
            logs[name] = log
        }
        return log.end(ofRunFrom: piece.first) ?? piece.last
    }

    /// A kept batch that has the entry after another one.
    ///
    /// - Returns: Its bytes, or nil if HQ has everything that is kept.
    /// - Throws: `Problem` if the log is another one or begins later; `FileError`.
    func batch(_ pull: PullRequestV1) throws -> [UInt8]? {
        let name = Name(device: pull.device, epoch: pull.epoch)
        guard let log = logs[name], !log.pieces.isEmpty else {
            if acks[name] != nil { return try end(of: name) }
            guard let other = logs.keys.filter({ $0.device == pull.device }).map(\.epoch).max()
            else { throw Problem(.deviceUnknown, "Nothing of \(pull.device.text) came here yet.") }
            throw Problem(
                .epochChanged,
                "The log that is kept here is of epoch \(other).",
                extras: [.init("epoch", .integer(other))]
            )
        }
        let next = pull.after + 1
        if let piece = log.pieces.last(where: { $0.first <= next && $0.last >= next }) {
            return try DurableFile.read(
                "\(Self.path(directory, name))/\(Self.fileName(piece))"
            )
        }
        guard let first = log.pieces.first(where: { $0.first > next })?.first
        else { return try end(of: name) }
        throw Problem(
            .logPruned,
            "Entries before \(first) are not kept here; ask from there on, or ask the agent.",
            extras: [.init("firstAvailable", .integer(first))]
        )
    }

    /// What is said where a log ends here: nothing, or in which epoch it goes on.
    private func end(of name: Name) throws -> [UInt8]? {
        let later = logs.filter { other, log in
            other.device == name.device && other.epoch > name.epoch && !log.pieces.isEmpty
        }
        guard let next = later.keys.map(\.epoch).min() else { return nil }
        throw Problem(
            .epochChanged,
            "The log goes on in epoch \(next): ask for that one from entry 1.",
            extras: [.init("epoch", .integer(next))]
        )
    }

    /// Takes HQ's acknowledgement, and forgets what it says is safe.
    ///
    /// May be called twice with the same one; an older one changes nothing.
    ///
    /// - Throws: `Problem` for anything that HQ's key did not sign; `FileError`.
    func acknowledge(_ bytes: [UInt8], for device: DeviceID) throws {
        guard let ack = Self.ack(bytes, signedBy: hqKey), ack.device == device else {
            throw Problem(.badRequest, "This is no acknowledgement by HQ for \(device.text).")
        }
        let name = Name(device: ack.device, epoch: ack.epoch)
        if let known = acks[name]?.ack,
            (known.received.sequence, known.prunable) >= (ack.received.sequence, ack.prunable)
        {
            return
        }
        try makeRoom(for: name)
        // On the disk first: then a crash leaves files too many, never too few.
        try DurableFile.write(bytes, to: "\(Self.path(directory, name))/ack", mode: 0o600)
        acks[name] = (ack, bytes)
        var log = logs[name] ?? Log()
        for piece in log.pieces where piece.last <= ack.prunable {
            let path = "\(Self.path(directory, name))/\(Self.fileName(piece))"
            let freed = try Self.byteCount(of: path)
            try DurableFile.remove(path)
            byteCount -= freed
            log.pieces.removeAll { $0 == piece }
        }
        logs[name] = log
    }

    /// The last acknowledgement for a log, as HQ signed it.
    func ack(for device: DeviceID, epoch: Int64) -> [UInt8]? {
        acks[Name(device: device, epoch: epoch)]?.bytes
    }

    /// The end of what is kept of a log; 0 if nothing is.
    func head(of device: DeviceID, epoch: Int64) -> Int64 {
        logs[Name(device: device, epoch: epoch)]?.pieces.map(\.last).max() ?? 0
    }

    /// Which logs are kept, and from where to where.
    func list() -> [(name: Name, first: Int64, head: Int64)] {
        logs.compactMap { name, log in
            guard let first = log.pieces.first?.first, let head = log.pieces.map(\.last).max()
            else { return nil }
            return (name, first, head)
        }
        .sorted { ($0.name.device.text, $0.name.epoch) < ($1.name.device.text, $1.name.epoch) }
    }

    private var full: Problem {
        Problem(
            .hqStorageFull,
            "The relay keeps all the \(byteCountMax) bytes that it may; keep the entries, HQ has to"
                + " fetch and to confirm a backup first."
        )
    }

    /// Makes a log's directory.
    private func makeRoom(for name: Name) throws {
        guard logs[name] == nil else { return }
        guard logs.count < logCountMax else {
            throw Problem(
                .hqStorageFull,
                "The relay keeps \(logCountMax) logs already; push to HQ or to another relay."
            )
        }
        let parent = "\(directory)/\(name.device.text)"
        try DurableFile.makeDirectory(parent, mode: 0o700)
        try DurableFile.makeDirectory(Self.path(directory, name), mode: 0o700)
        logs[name] = Log()
    }

    private static func checkChain(of batch: BatchV1) throws {
        do throws(BatchError) {
            _ = try batch.lines(after: batch.header.start)
        } catch {
            throw Problem(error)
        }
    }

    private static func ack(_ bytes: [UInt8], signedBy key: PublicKey) -> AckV1? {
        do throws(AckError) {
            return try AckV1(parsing: bytes, signedBy: key)
        } catch {
            return nil
        }
    }

    // MARK: Names

    private static func path(_ directory: String, _ name: Name) -> String {
        "\(directory)/\(name.device.text)/\(name.epoch)"
    }

    private static func byteCount(of path: String) throws -> Int64 {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return (attributes[.size] as? NSNumber)?.int64Value ?? 0
    }

    private static func fileName(_ piece: Piece) -> String {
        "\(piece.first)-\(piece.last).ndjson"
    }

    private static func names(in directory: String) throws -> [Name] {
        var names: [Name] = []
        for entry in try FileManager.default.contentsOfDirectory(atPath: directory) {
            guard let device = DeviceID(entry) else { continue }
            for child in try FileManager.default.contentsOfDirectory(
                atPath: "\(directory)/\(entry)"
            ) {
                if let epoch = Int64(child) { names.append(Name(device: device, epoch: epoch)) }
            }
        }
        return names
    }

    private static func pieces(in path: String) throws -> [Piece] {
        try FileManager.default.contentsOfDirectory(atPath: path).compactMap { file in
            let parts = file.split(separator: ".")
            guard parts.count == 2, parts[1] == "ndjson" else { return nil }
            let numbers = parts[0].split(separator: "-").compactMap { Int64($0) }
            return numbers.count == 2 ? Piece(first: numbers[0], last: numbers[1]) : nil
        }
        .sorted { ($0.first, $0.last) < ($1.first, $1.last) }
    }
}
