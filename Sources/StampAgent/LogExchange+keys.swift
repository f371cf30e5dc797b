import LedgerDB
import Logging
import LoyaltyCore
public import SyncWire

/// The device's keys, as operators and the agent's own housekeeping move them.
extension LogExchange {
    /// The entries of an epoch before one that brought keys, in order.
    func keyEntries(before sequence: Int64, epoch: Int64) async -> [Int64] {
        await counter.ledger.keyChanges().filter { change in
            change.epoch == epoch && change.sequence < sequence
        }.map(\.sequence)
    }

    /// Has the log go on under a new key, and tells HQ; see `DeviceKeys`.
    ///
    /// - Returns: The last change.
    /// - Throws: `DeviceKeysError`, `LogExchangeError.ledger`, or what keeping the keys throws.
    public func rotateKey() async throws -> KeyRotation {
        let change: KeyChange
        do {
            change = try await keys.rotate(in: counter.ledger, at: counter.clock.reading())
        } catch let error as LedgerError {
            throw LogExchangeError.ledger("\(error)")
        }
        await counter.recorded()
        return KeyRotation(
            sequence: change.sequence,
            keyID: KeyID(of: change.publicKey),
            isAcknowledged: await received() >= change.sequence
        )
    }

    /// Forgets entries that HQ released and that are old enough, some at a time, so that no till
    /// waits long.
    ///
    /// - Throws: `LedgerError`.
    public func forgetOld() async throws {
        while try await counter.ledger.prune(at: counter.clock.reading()) > 0,
            !Task.isCancelled
        {}
    }

    /// Forgets keys that are of no use any more, and has an old key followed by another.
    ///
    /// May be called at any time; what keeps a key from being followed stands in the status.
    public func keepKeys() async {
        do {
            try await keys.retire(in: counter.ledger)
            let change = try await keys.rotateIfDue(
                in: counter.ledger,
                at: counter.clock.reading()
            )
            counter.board.update { $0.keyProblem = nil }
            guard let change, await received() < change.sequence else { return }
            await counter.recorded()
        } catch {
            counter.board.update { $0.keyProblem = "\(error)" }
        }
    }
}

/// That a device's log goes on under another key.
public struct KeyRotation: Hashable, Sendable {
    /// The entry that brings the key.
    public let sequence: Int64
    /// The new key's name.
    public let keyID: KeyID
    /// Whether HQ has that entry, and so knows the key.
    public let isAcknowledged: Bool
}
