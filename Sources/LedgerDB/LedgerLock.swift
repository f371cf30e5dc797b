import Glibc

/// Keeps a second agent off the ledger, for as long as the value lives.
///
/// SQLite's own lock would do, but its refusal cannot be told from other trouble. The lock file
/// stays when the agent ends: removing it would let two agents lock two files of one name.
struct LedgerLock: ~Copyable {
    private let descriptor: Descriptor

    /// Takes the lock.
    ///
    /// - Parameter path: The ledger's file.
    /// - Throws: `LedgerError.inUseByAnotherAgent` if it is taken, or what opening the file throws.
    init(forLedgerAt path: String) throws(LedgerError) {
        let descriptor = try Descriptor(opening: path + ".lock", O_RDWR | O_CREAT)
        guard flock(descriptor.number, LOCK_EX | LOCK_NB) == 0
        else { throw .inUseByAnotherAgent(path: path) }
        self.descriptor = descriptor
    }
}
