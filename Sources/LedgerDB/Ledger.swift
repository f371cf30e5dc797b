import GRDB
public import LoyaltyCore
import Synchronization
public import SyncWire

/// The store's own book of who earned what, and of what HQ has yet to hear.
///
/// One file, one process, one connection. A call that writes returns after the commit was synced
/// to the disk: only then may a till beep. Calls from many tills are served one after the other,
/// on a thread of the ledger's own.
///
/// Any call can throw `LedgerError`. What a fault does to the ledger is in `LedgerHealth.Mode`,
/// and the way back is taken by itself, by the next call or by `checkpointIfIdle()`.
public actor Ledger {
    /// Whose log this is; the epoch is the file's.
    public nonisolated let identity: LogIdentity
    /// The latest time that the log could vouch for when it was opened; nil if for none.
    public nonisolated let knownTimeAtOpening: WallTime?
    /// HQ's last signed time, if it came in the boot in which the ledger was opened.
    public nonisolated let anchorOfBoot: Anchor?

    /// Why the agent must end soon, so that the next start begins a new epoch.
    public nonisolated let requests: AsyncStream<SalvageReason>

    let settings: Settings
    let requestsContinuation: AsyncStream<SalvageReason>.Continuation
    let mark: LedgerMark
    let ballast: Ballast
    var state: LedgerState
    var reference: (programme: Programme, reference: ProgrammeReference)?
    private var lock: LedgerLock?
    private var connection: LedgerConnection?
    private nonisolated let sharedMode = Mutex(LedgerHealth.Mode.writing)
    private let executor = LedgerExecutor()

    /// Frames in the write-ahead log at which a commit is followed by a checkpoint.
    ///
    /// Source: our own measure; 4 MiB, some 700 awards.
    static let walFrameCountMax = 4_096
    /// Frames worth a checkpoint while nobody waits.
    static let idleFrameCountMin = 256

    /// Runs the ledger's calls on its own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    /// Opens a ledger; creates it if there is none.
    ///
    /// Verifies the last `startVerifyCountMax` entries; have `verifyChain` verify the rest once the
    /// tills are served. A boot that is new to the ledger becomes an entry.
    ///
    /// - Parameters:
    ///   - settings: Where the file lies.
    ///   - identity: The device and its key; its epoch is not looked at.
    ///   - boot: The kernel's boot and the agent's version.
    ///   - reading: What the clocks say.
    /// - Returns: The ledger, ready for the tills.
    /// A file that is damaged, or that went back, is set aside, and what can be had of it goes on
    /// in a new epoch (docs/adr/0022).
    ///
    /// - Throws: `LedgerError`. A file that is not ours is left as it is.
    public static func open(
        _ settings: Settings,
        identity: LogIdentity,
        boot: BootFact,
        at reading: ClockReading
    ) throws -> Ledger {
        let lock = try LedgerLock(forLedgerAt: settings.path)
        let ballast = Ballast(
            path: settings.path + ".ballast",
            byteCount: settings.ballastByteCount
        )
        let opening = LedgerOpening(
            settings: settings,
            identity: identity,
            boot: boot,
            reading: reading
        )
        let file: LedgerFile
        do {
            file = try opening.open()
        } catch LedgerError.diskFull where ballast.isComplete {
            ballast.drop()
            file = try opening.open()
        }
        return Ledger(settings, ballast, lock: lock, file)
    }

    private init(
        _ settings: Settings,
        _ ballast: Ballast,
        lock: consuming LedgerLock,
        _ file: LedgerFile
    ) {
        self.settings = settings
        (requests, requestsContinuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(1)
        )
        mark = LedgerMark(path: settings.path + ".mark")
        self.ballast = ballast
        self.lock = consume lock
        identity = file.identity
        connection = file.connection
        state = file.state
        knownTimeAtOpening = file.state.knownTime
        anchorOfBoot = file.state.anchor.flatMap { $0.boot == file.state.boot ? $0 : nil }
        if !ballast.fill(leaving: settings.space.resumeByteCount) {
            sharedMode.withLock { $0 = .full }
        }
    }

    /// Checkpoints and closes the file; later calls throw `LedgerError.closed`.
    public func close() {
        if let connection, mode == .writing {
            // Allowed: all entries are synced in the write-ahead log, which the next start reads.
            try? connection.checkpoint(truncating: true)
            mark.write(.init(epoch: identity.epoch, committed: state.tail.sequence))
        }
        connection = nil
        lock = nil
        mode = .closed
    }

    /// How the ledger does; answers even while the disk hangs.
    public nonisolated var health: LedgerHealth {
        let freeByteCount = Volume.freeByteCount(settings.path)
        return LedgerHealth(
            mode: sharedMode.withLock { $0 },
            space: settings.space.level(freeByteCount: freeByteCount),
            freeByteCount: freeByteCount,
            walByteCount: Volume.byteCount(settings.path + "-wal"),
            hasBallast: ballast.isComplete
        )
    }

    /// Does what can wait: finds the way back from a fault, and shortens the write-ahead log.
    ///
    /// The agent calls this when no till has been served for a second or so.
    ///
    /// - Throws: `LedgerError` if the fault lasts.
    public func checkpointIfIdle() throws {
        let connection = try writable(for: .bookkeeping)
        guard connection.walFrameCount >= Self.idleFrameCountMin else { return }
        do {
            try connection.checkpoint()
        } catch {
            throw failed(error)
        }
    }
}

// What follows is how calls reach the file, and the ledger's ways from fault to fault and back.
extension Ledger {
    /// What a write is for.
    enum Purpose {
        /// A promise to a customer: not on a full disk.
        case award
        /// What makes room or keeps order: on a full disk it uses the ballast's room.
        case bookkeeping
    }

    private(set) var mode: LedgerHealth.Mode {
        get { sharedMode.withLock { $0 } }
        set { sharedMode.withLock { $0 = newValue } }
    }

    /// Reads from the file.
    func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        let connection = try readable()
        do {
            return try connection.access(body)
        } catch {
            throw failed(error)
        }
    }

    /// Writes in one transaction; returns once the commit is synced.
    ///
    /// - Parameters:
    ///   - purpose: Whether it may use the ballast's room.
    ///   - body: Changes the file and the state; if it throws, neither changes.
    /// - Returns: What the body returns.
    /// - Throws: `LedgerError`, or what the body throws.
    func write<Value>(
        for purpose: Purpose,
        _ body: (Database, inout LedgerState) throws -> Value
    ) throws -> Value {
        do {
            return try transact(for: purpose, body)
        } catch LedgerError.diskFull where purpose == .bookkeeping && mode == .full {
            return try transact(for: purpose, body)  // in the room that the ballast left
        }
    }

    private func transact<Value>(
        for purpose: Purpose,
        _ body: (Database, inout LedgerState) throws -> Value
    ) throws -> Value {
        let connection = try writable(for: purpose)
        var next = state
        let value: Value
        do {
            value = try connection.access { db in
                try db.immediately {
                    let value = try body(db, &next)
                    mark.pass(
                        next.tail.sequence,
                        after: state.tail.sequence,
                        epoch: identity.epoch
                    )
                    return value
                }
            }
        } catch {
            throw failed(error)
        }
        state = next
        if connection.walFrameCount >= Self.walFrameCountMax { checkpointAfterCommit(connection) }
        return value
    }

    /// Checkpoints; trouble shows in the mode, for the entry itself is on the disk.
    private func checkpointAfterCommit(_ connection: LedgerConnection) {
        do {
            try connection.checkpoint()
        } catch {
            _ = failed(error)
        }
    }

    /// Notes what an error means for the ledger.
    ///
    /// - Returns: The error as callers know it.
    private func failed(_ error: any Error) -> any Error {
        let known: LedgerError
        switch error {
        case let error as DatabaseError: known = LedgerError(error, path: settings.path)
        case let error as LedgerError: known = error
        default: return error
        }
        switch known {
        case .diskFull:
            ballast.drop()
            mode = .full
        case .readOnly(let detail): mode = .readOnly(detail)
        case .damaged(let detail):
            mode = .damaged(detail)
            requestAfterDamage()
        case .ioError(let detail):
            // Never sync again what failed to sync: close, and let the next call start afresh.
            connection = nil
            mode = .failed(detail)
        default: break
        }
        return known
    }

    private func readable() throws -> LedgerConnection {
        if let connection { return connection }
        if case .closed = mode { throw LedgerError.closed }
        return try reopen()
    }

    private func writable(for purpose: Purpose) throws -> LedgerConnection {
        switch mode {
        case .writing: return try readable()
        case .full:
            if ballast.fill(leaving: settings.space.resumeByteCount) {
                mode = .writing
            } else if purpose == .award {
                throw LedgerError.diskFull
            }
            return try readable()
        case .readOnly(let detail):
            if Volume.isReadOnly(settings.path) { throw LedgerError.readOnly(detail) }
            return try reopen()
        case .failed: return try reopen()
        case .damaged(let detail): throw LedgerError.damaged(detail)
        case .closed: throw LedgerError.closed
        }
    }

    /// Opens the file again after a fault, once; a later call tries again.
    ///
    /// - Throws: `LedgerError`, also if an entry is missing that was acknowledged before.
    private func reopen() throws -> LedgerConnection {
        connection = nil
        do {
            let file = try LedgerFile(opening: settings, identity: identity)
            guard file.state.tail.sequence >= state.tail.sequence
            else { throw LedgerError.damaged("entry \(state.tail.sequence) is missing") }
            let boot = state.boot
            state = file.state
            state.boot = boot
            connection = file.connection
            mode = .writing
            return file.connection
        } catch {
            throw failed(error)
        }
    }
}
