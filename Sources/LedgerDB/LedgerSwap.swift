import Foundation
import Glibc
import LoyaltyCore

/// Puts a new ledger in the place of the old one, in steps that a power cut may end anywhere.
///
/// The database and its write-ahead log have two names, which no single call can change. So a
/// small file is written first that says what will be: before it is whole and synced the old state
/// holds, after it the steps are taken again until all are done.
struct LedgerSwap {
    /// The ledger's file.
    let path: String
    /// The name under which the old one is set aside.
    let asideName: String

    /// Damaged or ended ledgers that are kept, the newest.
    ///
    /// Source: our own bound; a ledger then takes at most three times its room.
    static let asideCountMax = 2

    /// A step after which a test lets the process die.
    enum Step: CaseIterable {
        case built, decided, setAside, logSetAside, renamed, marked, closed
    }

    private static func decisionPath(_ path: String) -> String { path + ".swap" }

    /// Creates the swap of a ledger that ended its epoch.
    ///
    /// - Parameters:
    ///   - path: The ledger's file.
    ///   - epoch: The old epoch; part of the old ledger's new name.
    ///   - wall: When; the other part.
    init(_ path: String, epoch: Int64, at wall: WallTime) {
        self.path = path
        let time = Date(timeIntervalSince1970: Double(wall.unixMs) / 1_000)
            .formatted(.iso8601.timeSeparator(.omitted).dateSeparator(.omitted))
        asideName = "\(path).epoch-\(epoch).\(time)"
    }

    private init(path: String, asideName: String) {
        self.path = path
        self.asideName = asideName
    }

    /// Decides for the new ledger, which is synced and closed, and puts it in place.
    func run(marking head: LogHead, step: (Step) throws -> Void) throws {
        let new = path + ".new"
        try SmallFile.remove(new + "-wal")
        try Volume.syncDirectory(of: path)
        try step(.built)
        let text = "\(head.epoch) \(head.sequence) \(asideName)\n"
        try SmallFile.write(Array(text.utf8), to: Self.decisionPath(path))
        try step(.decided)
        try finish(marking: head.epoch, head.sequence, step: step)
    }

    /// Takes the steps of a swap that was decided; does nothing if there is none.
    ///
    /// - Throws: `LedgerError`; nothing may be opened then.
    static func resume(_ path: String, step: (Step) throws -> Void = { _ in }) throws {
        guard let bytes = SmallFile.read(decisionPath(path)) else { return }
        let text = String(decoding: bytes, as: UTF8.self)
        let parts = text.split(separator: " ", maxSplits: 2)
        // Cut off: the power went before it was synced, and the old ledger is in its place.
        guard text.hasSuffix("\n"), parts.count == 3, let epoch = Int64(parts[0]),
            let sequence = Int64(parts[1])
        else { return try SmallFile.remove(decisionPath(path)) }
        let swap = Self(path: path, asideName: String(parts[2].dropLast()))
        try swap.finish(marking: epoch, sequence, step: step)
    }

    private func finish(
        marking epoch: Int64,
        _ sequence: Int64,
        step: (Step) throws -> Void
    ) throws {
        let new = path + ".new"
        if SmallFile.exists(new) {
            if !SmallFile.exists(asideName) { try SmallFile.rename(path, to: asideName) }
            try Volume.syncDirectory(of: path)
            try step(.setAside)
            // Never beside the new file: SQLite would take it for its own.
            try SmallFile.rename(path + "-wal", to: asideName + "-wal")
            try Volume.syncDirectory(of: path)
            try step(.logSetAside)
            try SmallFile.rename(new, to: path)
            try Volume.syncDirectory(of: path)
            try step(.renamed)
        }
        LedgerMark(path: path + ".mark").write(.init(epoch: epoch, committed: sequence))
        try step(.marked)
        try SmallFile.remove(SalvageRequest.path(forLedgerAt: path))
        try SmallFile.remove(Self.decisionPath(path))
        try Volume.syncDirectory(of: path)
        try step(.closed)
        try forget()
    }

    /// Deletes what was set aside before the last ones.
    private func forget() throws {
        let directory = Volume.directory(of: path)
        let prefix = path.split(separator: "/").last.map { "\($0).epoch-" } ?? ""
        // Allowed: what cannot be listed is not deleted.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let asides = names.filter { $0.hasPrefix(prefix) && !$0.hasSuffix("-wal") }
            .map { "\(directory)/\($0)" }
        let aged = asides.sorted { Self.changedAt($0) > Self.changedAt($1) }
        for old in aged.dropFirst(Self.asideCountMax) {
            for suffix in ["", "-wal"] { try SmallFile.remove(old + suffix) }
        }
    }

    private static func changedAt(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0
            ? status.st_ctim.tv_sec * 1_000_000_000
                + status.st_ctim.tv_nsec : 0
    }
}
