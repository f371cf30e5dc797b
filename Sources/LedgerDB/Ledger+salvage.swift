import GRDB
import LoyaltyCore
import SyncWire

/// How a ledger that cannot go on begins a new epoch: at the next start, by itself.
extension Ledger {
    /// Has the next start begin a new epoch; the disk holds the request afterwards.
    ///
    /// Awards go on meanwhile. The caller ends the agent soon; `requests` tells who waits for it.
    ///
    /// - Parameter request: What to do; one of an epoch that is over does nothing.
    /// - Throws: `LedgerError`; the caller asks again later.
    public func begin(_ request: SalvageRequest) throws {
        try request.write(forLedgerAt: settings.path)
        requestsContinuation.yield(request.reason)
    }

    /// Leaves a request after damage; a disk that takes no request is asked again at the next call.
    func requestAfterDamage() {
        let request = SalvageRequest(epoch: identity.epoch, reason: .damaged)
        // Allowed: the mode says that the file is damaged, and so does whoever reads next.
        guard (try? request.write(forLedgerAt: settings.path)) != nil else { return }
        requestsContinuation.yield(.damaged)
    }
}

/// Opening, and mending what does not open.
struct LedgerOpening {
    let settings: Ledger.Settings
    let identity: LogIdentity
    let boot: BootFact
    let reading: ClockReading
    /// Called after each step of a swap; only tests have it throw.
    var step: (LedgerSwap.Step) throws -> Void = { _ in }

    /// Opens the file, with a new epoch first if it needs one.
    ///
    /// - Throws: `LedgerError`, also if what was built anew cannot be opened: nothing is tried
    ///   twice.
    func open() throws -> LedgerFile {
        try LedgerSwap.resume(settings.path, step: step)
        var file = try current() ?? salvaged()
        try file.register(boot, at: reading)
        return file
    }

    /// The file as it is; nil if it needs a new epoch.
    private func current() throws -> LedgerFile? {
        let isThere = Volume.byteCount(settings.path) > 0
        // It opens all the same, and refuses the first award.
        if isFormatDamaged { return nil }
        let file: LedgerFile
        do {
            file = try LedgerFile(opening: settings, identity: identity)
        } catch {
            guard isThere, isDamage(error) else { throw error }
            return nil
        }
        let head = file.state.tail.sequence
        if let request, request.epoch == file.identity.epoch { return nil }
        if let mark, (mark.epoch, mark.committed) > (file.identity.epoch, head) { return nil }
        return file
    }

    private var request: SalvageRequest? { SalvageRequest.read(forLedgerAt: settings.path) }
    private var mark: LedgerMark.Place? { LedgerMark(path: settings.path + ".mark").read() }

    private func salvaged() throws -> LedgerFile {
        // Allowed: a file of which nothing can be read has no epoch to tell.
        let epoch = Salvage.epoch(of: try? DamagedFile(settings.path), mark)
        let request = request.flatMap { $0.epoch == epoch ? $0 : nil }
        let salvage = Salvage(
            settings: settings,
            identity: identity,
            request: request,
            reason: try request?.reason ?? reason(),
            mark: mark,
            reading: reading
        )
        let head = try salvage.build()
        try LedgerSwap(settings.path, epoch: epoch, at: reading.wall).run(marking: head, step: step)
        return try LedgerFile(opening: settings, identity: identity)
    }

    /// Why a file that nobody asked to end must end: if it opens, the mark is beyond it.
    private func reason() throws -> SalvageReason {
        if isFormatDamaged { return .damaged }
        do {
            _ = try LedgerFile(opening: settings, identity: identity)
            return .rolledBack
        } catch {
            return .damaged
        }
    }

    /// Whether an error while opening says that the file contradicts itself.
    ///
    /// A file of another program or device, or of a later version, is none of our business, unless
    /// it only seems to be one because a bit of it has flipped.
    private func isDamage(_ error: any Error) -> Bool {
        switch error as? LedgerError {
        case .damaged, .unexpected: return true
        case .notOurs: return isOurs(bitCountMax: 0)
        case .otherDevice: return isOurs(bitCountMax: 1)
        case .laterVersion: return isOurs(bitCountMax: 0) && knowsEveryStep
        default: return false
        }
    }

    /// Whether the header forbids SQLite to write: of a ledger only a flipped bit does.
    private var isFormatDamaged: Bool {
        let header = SmallFile.read(settings.path)?.prefix(20) ?? []
        return header.starts(with: Array("SQLite format 3\0".utf8))
            && !header.dropFirst(18).allSatisfy { (1...2).contains($0) }
    }

    /// Whether the file names this device and key, but for some bits.
    private func isOurs(bitCountMax: Int) -> Bool {
        // Allowed: a file of which nothing can be read is not told to be ours.
        let file = try? DamagedFile(settings.path)
        let found = file?.first("SELECT device, publicKey, nonce FROM meta") { row in
            Array(row.text(0).utf8) + row.bytes(1) + row.bytes(2)
        }
        let ours = Array(identity.device.text.utf8) + identity.publicKey + identity.nonce
        guard let found, found.count == ours.count else { return false }
        let differing = zip(found, ours).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount }
        return differing <= bitCountMax
    }

    private var knowsEveryStep: Bool {
        // Allowed: as above.
        let file = try? DamagedFile(settings.path)
        let stepCount = file?.first("SELECT count(*) FROM grdb_migrations") { $0.integer(0) }
        return stepCount.map { $0 <= Schema.version } ?? false
    }
}
