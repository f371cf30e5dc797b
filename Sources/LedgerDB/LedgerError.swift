import GRDB

/// Why the ledger did not do what was asked; nothing was written, unless a case says so.
public enum LedgerError: Error, Hashable {
    /// The disk has no room.
    case diskFull
    /// The file or its file system takes no writes.
    case readOnly(String)
    /// The file contradicts itself; the next start mends it.
    case damaged(String)
    /// Another process has the file open.
    case inUseByAnotherAgent(path: String)
    /// The file is a database, but not a ledger.
    case notOurs(path: String)
    /// The ledger belongs to another device or another key.
    case otherDevice(path: String)
    /// A later version of the agent has written the file.
    case laterVersion(path: String)
    /// SQLite does not sync each commit.
    case synchronousNotFull(Int64)
    /// A system call failed. Whether the entry was written shows when the sale comes again.
    case ioError(String)
    /// Watermarks that go back, contradict each other, or lie beyond the log's end.
    case watermarksRefused(String)
    /// What HQ sent would go back, or is not what it says.
    case downRefused(String)
    /// The manager's one-time code, or a later one, approved something before.
    case approvalUsed(manager: String)
    /// The log no longer holds what was asked for; this is the first entry that it holds.
    case pruned(first: Int64)
    /// The entry has more bytes than a line may have.
    case entryTooLong(byteCount: Int)
    /// The ledger was closed.
    case closed
    /// SQLite refused for a reason that no operator can mend.
    case unexpected(String)
}

extension LedgerError: CustomStringConvertible {
    /// What is wrong and what to do about it.
    public var description: String {
        switch self {
        case .diskFull:
            "the disk is full: free some space; awards go on by themselves once there is room"
        case .readOnly(let detail):
            "the ledger cannot be written (\(detail)): check the disk and mount it for writing"
        case .damaged(let detail):
            "the ledger is damaged (\(detail)): the agent starts anew and mends it by itself; if"
                + " this stays, restart it and call HQ"
        case .inUseByAnotherAgent(let path):
            "\(path) is in use by another agent: stop that one first"
        case .notOurs(let path):
            "\(path) is not a stampd ledger: nothing was changed; set another path"
        case .otherDevice(let path):
            "\(path) belongs to another device or key: restore this device's key, or set"
                + " another path"
        case .laterVersion(let path):
            "\(path) was written by a later version: install that version again"
        case .synchronousNotFull(let value):
            "SQLite reports synchronous=\(value), not 2 (FULL): awards could be lost, so the"
                + " ledger stays closed; report this with the version of libsqlite3"
        case .ioError(let detail):
            "the disk failed (\(detail)): scan again; if it repeats, check cables and replace"
                + " the disk"
        case .watermarksRefused(let detail):
            "HQ's acknowledgement does not fit this log (\(detail)): nothing was changed; call HQ"
        case .downRefused(let detail):
            "what HQ sent is not used (\(detail)): the store goes on with what it has; call HQ"
        case .approvalUsed(let manager):
            "a code of manager \(manager) is good once: wait for the next"
        case .pruned(let first):
            "the log starts at entry \(first): read from there"
        case .entryTooLong(let byteCount):
            "the entry has \(byteCount) bytes: shorten the till's name"
        case .closed: "the ledger is closed: start the agent"
        case .unexpected(let detail): "SQLite refused (\(detail)): report this"
        }
    }
}

extension LedgerError {
    /// Sorts an SQLite error by what can be done about it.
    ///
    /// - Parameters:
    ///   - error: The error as GRDB gives it.
    ///   - path: The ledger's file.
    init(_ error: DatabaseError, path: String) {
        let detail = "\(error.extendedResultCode) \(error.message ?? "")"
        switch error.resultCode {
        case .SQLITE_FULL: self = .diskFull
        case .SQLITE_READONLY: self = .readOnly(detail)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .damaged(detail)
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .inUseByAnotherAgent(path: path)
        case .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
            self = Volume.isReadOnly(path) ? .readOnly(detail) : .ioError(detail)
        default: self = .unexpected(detail)
        }
    }
}
