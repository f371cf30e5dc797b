import LedgerDB
import LoyaltyCore
public import SyncWire

/// The device's own keys: the one in force, and those that older entries are signed with.
///
/// Which key signs what is the log's to say (SYNC.md 2.9): the entry that brings a key is the last
/// one that the key before it signs for. A key stays here for as long as the log holds an entry
/// that only it can sign for, so that an HQ that was restored gets them again.
public actor DeviceKeys {
    /// Most keys at a time; a device that has more waits until entries are forgotten.
    ///
    /// Source: our own bound; entries are forgotten after some 30 days.
    public static let countMax = 8
    /// After how many days a key is followed by another without being asked.
    ///
    /// Source: SYNC.md section 2.9: every 12 months.
    public static let lifeDaysMax: Int64 = 365

    /// Where the keys come from.
    public enum Origin: Sendable {
        /// The disk: the closure returns once it holds exactly these, oldest first.
        case disk(keep: @Sendable ([SigningKey]) throws -> Void)
        /// systemd hands them over, and the next one too; the closure returns once the disk holds
        /// what else must outlast the first.
        case credentials(keep: @Sendable () throws -> Void)
    }

    /// The keys that are here, oldest first; one that the log does not name yet is the last.
    private var keys: [SigningKey]
    private let origin: Origin
    /// How often HQ refused a key of a log that does not know what it was signed with.
    private var refusedCount = 0

    /// Creates a ring of keys.
    ///
    /// - Parameters:
    ///   - keys: At least one, oldest first.
    ///   - origin: Where they come from.
    public init(_ keys: [SigningKey], from origin: Origin) {
        self.keys = keys
        self.origin = origin
    }

    /// Creates a ring of one key, which nobody keeps on a disk.
    init(_ key: SigningKey) {
        self.init([key], from: .disk { _ in })
    }

    /// The key that signs for the log of an epoch up to an entry.
    ///
    /// - Throws: `DeviceKeysError.missing`.
    func signer(
        through sequence: Int64,
        epoch: Int64,
        of ledger: Ledger
    ) async throws -> SigningKey {
        let change = await change(before: (epoch, sequence), of: ledger)
        if change == nil, await hasLostKeys(ledger) {
            let candidates = candidates(of: ledger)
            return candidates[refusedCount % candidates.count]
        }
        let publicKey = change?.publicKey ?? ledger.identity.publicKey
        guard let key = keys.first(where: { $0.publicKey.bytes == publicKey })
        else { throw DeviceKeysError.missing(KeyID(of: publicKey)) }
        return key
    }

    /// Has another key sign where HQ refused one and the log cannot tell which is right.
    ///
    /// - Returns: False if the log can, or if each key was refused once: the refusal is then like
    ///   any other.
    func tryAnother(through sequence: Int64, epoch: Int64, of ledger: Ledger) async -> Bool {
        guard await change(before: (epoch, sequence), of: ledger) == nil,
            await hasLostKeys(ledger)
        else { return false }
        refusedCount += 1
        return refusedCount % candidates(of: ledger).count != 0
    }

    private func change(before place: (Int64, Int64), of ledger: Ledger) async -> KeyChange? {
        await ledger.keyChanges().last { ($0.epoch, $0.sequence) < place }
    }

    /// Whether the ledger may have known of other keys: it is not the first one, and nothing of the
    /// first is left.
    private func hasLostKeys(_ ledger: Ledger) async -> Bool {
        guard ledger.identity.epoch > 1 else { return false }
        return await ledger.earlierLogs().isEmpty
    }

    /// The keys that HQ may know, the likeliest first: the device's first while it is here, for a
    /// key stays until no entry needs it, and then the newest.
    private func candidates(of ledger: Ledger) -> [SigningKey] {
        let first = keys.filter { $0.publicKey.bytes == ledger.identity.publicKey }
        return first + keys.reversed().filter { $0.publicKey.bytes != ledger.identity.publicKey }
    }

    /// The key by which HQ knows the device now, as far as it has acknowledged the log.
    ///
    /// - Throws: `DeviceKeysError.missing`.
    func requester(of ledger: Ledger) async throws -> SigningKey {
        let known = await heldByHQ(of: ledger)
        return try await signer(through: known.sequence + 1, epoch: known.epoch, of: ledger)
    }

    /// The key before that one, for an HQ that was restored to a time when it knew no other; nil if
    /// there is none here.
    func former(of ledger: Ledger) async -> SigningKey? {
        let known = await heldByHQ(of: ledger)
        let change = await ledger.keyChanges().last { ($0.epoch, $0.sequence) <= known }
        guard let change else { return nil }
        do {
            return try await signer(
                through: change.sequence,
                epoch: change.epoch,
                of: ledger
            )
        } catch {
            return nil
        }
    }

    /// How far HQ has come with the logs of all epochs.
    private func heldByHQ(of ledger: Ledger) async -> (epoch: Int64, sequence: Int64) {
        if let log = await ledger.earlierLogs().first(where: { $0.received < $0.end.sequence }) {
            return (log.identity.epoch, log.received)
        }
        return (ledger.identity.epoch, await ledger.watermarks().received)
    }
}

/// The way from one key to the next.
extension DeviceKeys {
    /// Has the log go on under a new key, unless HQ has not heard of the last one yet.
    ///
    /// May be asked again after any failure: a key that was made and not brought into the log is
    /// brought by the next call.
    ///
    /// - Parameters:
    ///   - ledger: The ledger; HQ must have acknowledged some of it.
    ///   - reading: What the clocks say.
    /// - Returns: The change that is the last one now, after its entry is on the disk.
    /// - Throws: `DeviceKeysError`, `LedgerError`, or what keeping the keys throws; the old key is
    ///   then in force.
    func rotate(in ledger: Ledger, at reading: ClockReading) async throws -> KeyChange {
        let received = await ledger.watermarks().received
        guard received > 0 else { throw DeviceKeysError.unknownToHQ }
        let changes = await ledger.keyChanges()
        if let last = changes.last, last.epoch == ledger.identity.epoch, last.sequence > received {
            return last
        }
        // From here to the ring's being on the disk nothing else runs in this actor: a second call
        // finds the first one's key.
        let next = try spare(changes, ledger.identity) ?? makeNext()
        return try await ledger.rotateKey(
            KeyRotateFact(to: next, of: ledger.identity),
            at: reading
        )
    }

    /// The same, if the key is old enough and the time is known.
    ///
    /// - Returns: The change, or nil if it is not due.
    func rotateIfDue(in ledger: Ledger, at reading: ClockReading) async throws -> KeyChange? {
        guard [.ntp, .anchor].contains(reading.quality), await ledger.watermarks().received > 0
        else { return nil }
        let last = await ledger.keyChanges().last
        let madeAt = last?.at ?? ledger.identity.device.madeAt
        let ageMs = reading.wall.unixMs - madeAt.unixMs
        guard ageMs >= Self.lifeDaysMax * 86_400_000 else { return nil }
        return try await rotate(in: ledger, at: reading)
    }

    /// Forgets keys that sign for nothing that the log holds.
    ///
    /// - Returns: How many were forgotten.
    /// - Throws: What keeping the keys throws; all are then still here.
    @discardableResult
    func retire(in ledger: Ledger) async throws -> Int {
        guard case .disk(let keep) = origin else { return 0 }
        let earliest = await ledger.earlierLogs().first
        let current = await ledger.firstSequence()
        let first = (earliest?.identity.epoch ?? ledger.identity.epoch, earliest?.first ?? current)
        let changes = await ledger.keyChanges()
        // The first entry that is left is only there for its hash.
        let spentCount = changes.count { ($0.epoch, $0.sequence) <= first }
        let spent = Set(
            ([ledger.identity.publicKey] + changes.map(\.publicKey)).prefix(spentCount)
        )
        let kept = keys.filter { !spent.contains($0.publicKey.bytes) }
        guard kept.count < keys.count, !kept.isEmpty else { return 0 }
        try keep(kept)
        defer { keys = kept }
        return keys.count - kept.count
    }

    /// A key that is here and that the log does not name: from a try that was cut short, or from
    /// systemd.
    private func spare(
        _ changes: [KeyChange],
        _ identity: LogIdentity
    ) throws -> SigningKey? {
        let known = Set([identity.publicKey] + changes.map(\.publicKey))
        guard let last = keys.last, !known.contains(last.publicKey.bytes) else { return nil }
        if case .credentials(let keep) = origin { try keep() }
        return last
    }

    private func makeNext() throws -> SigningKey {
        guard case .disk(let keep) = origin else { throw DeviceKeysError.handedOver }
        guard keys.count < Self.countMax else { throw DeviceKeysError.tooMany }
        let next = SigningKey()
        try keep(keys + [next])
        keys.append(next)
        return next
    }
}

/// Why the device's key is not what is asked of it.
public enum DeviceKeysError: Error, Equatable {
    /// HQ has acknowledged nothing of this log, so it does not know the key that is to be followed.
    case unknownToHQ
    /// The key comes from systemd, and no next one with it.
    case handedOver
    /// The device has as many keys as it may.
    case tooMany
    /// The key of this name is needed and not here.
    case missing(KeyID)
}

extension DeviceKeysError: CustomStringConvertible {
    /// What is wrong, and what to do about it.
    public var description: String {
        switch self {
        case .unknownToHQ:
            "HQ has acknowledged nothing of this log yet: enrol the device first, and wait until"
                + " 'stampctl status' shows an acknowledgement"
        case .handedOver:
            "systemd hands the key over: hand the next one over too, as the credential"
                + " device-key-next, restart the agent and ask again (docs/operating.md)"
        case .tooMany:
            "the device has \(DeviceKeys.countMax) keys that entries here are signed with: wait"
                + " until older entries are forgotten, some 30 days after HQ's backup of them"
        case .missing(let keyID):
            "entries need the device's key \(keyID.text), which is not here: restore the key, or"
                + " hand it over again"
        }
    }
}
