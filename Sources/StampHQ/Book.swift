import Foundation
import GRDB
import LoyaltyCore
import SyncWire

/// Why HQ keeps an entry without effect.
///
/// The raw value is the stable name on the wire. Whether an entry is quarantined is decided once:
/// replaying it never changes the answer.
enum QuarantineCode: String {
    /// The line is not an entry's JSON, or a member of it is out of range.
    case unreadable
    /// The entry belongs to a later version.
    case unknownType = "unknown-type"
    /// The line names another number than its place in the log.
    case sequenceMismatch = "sequence-mismatch"
    /// The sale was recorded before, by this device or, for an invoice, by any.
    case duplicateSale = "duplicate-sale"
    /// An amount is not positive, or more than can be counted.
    case amountOutOfRange = "amount-out-of-range"
    /// There is no award for a void to take back, or it has no effect itself.
    case voidUnknown = "void-unknown"
    /// A void does not take back what its award gave.
    case voidMismatch = "void-mismatch"
    /// The award was taken back before.
    case voidRepeated = "void-repeated"
    /// There is no award for a refund to take back from, or it has no effect itself.
    case refundUnknown = "refund-unknown"
    /// A refund moves more than its award left, or does not balance.
    case refundMismatch = "refund-mismatch"
    /// The refund was booked before.
    case refundRepeated = "refund-repeated"
    /// The award was taken back whole before.
    case refundOfVoided = "refund-of-voided"
    /// An anchor names a time that HQ's clock has not reached.
    case anchorFromFuture = "anchor-from-future"
    /// The new key did not sign for this log: the old one stays in force.
    case keyUnproven = "key-unproven"
    /// The entry stands where none of its kind may: a salvage behind entry 1, a hole of this epoch.
    case misplaced
    /// HQ never gave the grant to this device, or gave something else.
    case grantForeign = "grant-foreign"
    /// The device was revoked, and the entry lies behind the last one that counts.
    case deviceRevoked = "device-revoked"
}

/// Books one batch's entries: works out what the device holds in memory and writes each once.
struct Book {
    private struct Account: Hashable {
        let member: MemberNumber
        let asset: Asset
        let bucket: Bucket
    }

    private let db: Database
    private let device: Device
    private let logID: Int64
    private let nowMs: Int64
    private let hqKey: PublicKey?
    /// What this device holds.
    private var amounts: [Account: Int64] = [:]
    private let recordSale: HotStatement
    private let readHeld: HotStatement

    /// The scope of sale keys that are unique in the whole chain: those of invoices.
    static let chainScope: Int64 = 0

    init(
        _ db: Database,
        device: Device,
        logID: Int64,
        nowMs: Int64,
        hqKey: PublicKey?
    ) throws {
        self.db = db
        self.device = device
        self.logID = logID
        self.nowMs = nowMs
        self.hqKey = hqKey
        recordSale = try HotStatement(
            db,
            sql: """
                INSERT INTO sale (scope, key, log, sequence) VALUES (?, ?, ?, ?)
                ON CONFLICT DO NOTHING
                """
        )
        readHeld = try HotStatement(
            db,
            sql: """
                SELECT amount FROM held
                WHERE member = ? AND asset = ? AND bucket = ? AND device = ?
                """
        )
    }

    /// Applies an entry that was just stored.
    ///
    /// - Returns: Why it has no effect, or nil if it was booked.
    mutating func apply(_ entry: ParsedEntry) throws -> QuarantineCode? {
        if let last = device.revokedAfter, entry.line.sequence > last { return .deviceRevoked }
        return switch entry.content {
        case .failure(.unknownType): .unknownType
        case .failure: .unreadable
        case .success(let content) where content.sequence != entry.line.sequence:
            .sequenceMismatch
        case .success(let content):
            switch content.fact {
            case .award(let award): try apply(award, at: entry.line.sequence)
            case .void(let void): try apply(void, at: entry.line.sequence)
            case .refund(let refund): try apply(refund, at: entry.line.sequence)
            case .boot(let boot): try apply(boot)
            case .anchor(let anchor): try apply(anchor, of: content)
            case .keyRotate(let rotation): try apply(rotation, at: entry.line.sequence)
            case .salvage: entry.line.sequence == 1 ? nil : .misplaced
            case .lost(let lost): try apply(lost, at: entry.line.sequence)
            case .grant(let grant): try apply(grant, at: entry.line.sequence)
            }
        }
    }

    /// Writes what the device holds now.
    func close() throws {
        guard !amounts.isEmpty else { return }
        let write = try HotStatement(
            db,
            sql: """
                INSERT INTO held (member, asset, bucket, device, amount) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET amount = excluded.amount
                """
        )
        for (account, amount) in amounts {
            try write.run(
                .integer(account.member.value),
                .text(account.asset.name),
                .text(account.bucket.description),
                .integer(device.rowID),
                .integer(amount)
            )
        }
    }

    private mutating func apply(_ award: AwardFact, at sequence: Int64) throws -> QuarantineCode? {
        guard award.postings.allSatisfy({ $0.amount != 0 }),
            let changed = try adding(award.postings, to: award.member)
        else { return .amountOutOfRange }
        try recordSale.run(
            .integer(scope(of: award.sale)),
            .text(award.sale.key.text),
            .integer(logID),
            .integer(sequence)
        )
        guard db.changesCount == 1 else { return .duplicateSale }
        if award.sale.details.occasion.kind == .recovery {
            try HQStore.noteRecovery(award.sale.businessDate, logID, sequence, db)
        }
        amounts.merge(changed) { _, new in new }
        return nil
    }

    private mutating func apply(_ void: VoidFact, at sequence: Int64) throws -> QuarantineCode? {
        guard
            let award = try HQStore.award(void.sequence, ofEpoch: void.epoch, in: logID, db),
            award.place.log != logID || award.place.sequence < sequence
        else { return .voidUnknown }
        let refunds = try HQStore.refunds(of: award.place, db)
        guard void.takesBack(award.fact, after: refunds),
            let changed = try adding(void.postings, to: void.member)
        else { return .voidMismatch }
        let statement = try db.cachedStatement(
            sql: """
                UPDATE sale SET voidedBy = ?
                WHERE scope = ? AND key = ? AND log = ? AND sequence = ? AND voidedBy IS NULL
                """
        )
        try statement.execute(arguments: [
            sequence, scope(of: award.fact.sale), void.key.text, award.place.log,
            award.place.sequence,
        ])
        guard db.changesCount == 1 else { return .voidRepeated }
        amounts.merge(changed) { _, new in new }
        return nil
    }

    private mutating func apply(
        _ refund: RefundFact,
        at sequence: Int64
    ) throws -> QuarantineCode? {
        guard
            let award = try HQStore.award(refund.sequence, ofEpoch: refund.epoch, in: logID, db),
            award.place.log != logID || award.place.sequence < sequence
        else { return .refundUnknown }
        let isVoided = try Bool.fetchOne(
            db,
            sql: "SELECT voidedBy IS NOT NULL FROM sale WHERE scope = ? AND key = ?",
            arguments: [scope(of: award.fact.sale), award.fact.sale.key.text]
        )
        guard isVoided == false else { return .refundOfVoided }
        let earlier = try HQStore.refunds(of: award.place, db)
        guard !earlier.contains(where: { $0.refund == refund.refund })
        else { return .refundRepeated }
        guard refund.isPart(of: award.fact, after: earlier),
            let changed = try adding(refund.postings, to: refund.member)
        else { return .refundMismatch }
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO refund (scope, key, log, sequence, awardLog, awardSequence)
                VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """
        )
        try statement.execute(arguments: [
            device.rowID, refund.refund.text, logID, sequence, award.place.log,
            award.place.sequence,
        ])
        guard db.changesCount == 1 else { return .refundRepeated }
        amounts.merge(changed) { _, new in new }
        return nil
    }

    private func apply(_ boot: BootFact) throws -> QuarantineCode? {
        try db.execute(
            sql: "UPDATE device SET bootID = ?, agentVersion = ? WHERE id = ?",
            arguments: [boot.bootID, boot.version, device.rowID]
        )
        return nil
    }

    /// Notes at which place of the log the true time was known.
    private func apply(_ anchor: AnchorFact, of entry: Entry) throws -> QuarantineCode? {
        guard anchor.serverMs <= nowMs + RequestSignature.skewSMax * 1_000
        else { return .anchorFromFuture }
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO anchor (log, sequence, boot, sinceBootMs, serverMs, roundTripMs)
                VALUES (?, ?, ?, ?, ?, ?)
                """
        )
        try statement.execute(arguments: [
            logID, entry.sequence, entry.at.boot, entry.at.sinceBootMs, anchor.serverMs,
            anchor.roundTripMs,
        ])
        return nil
    }

    private func apply(_ rotation: KeyRotateFact, at sequence: Int64) throws -> QuarantineCode? {
        guard rotation.isProven(of: device.identity) else { return .keyUnproven }
        try db.execute(
            sql: "INSERT INTO deviceKey (device, epoch, sequence, publicKey) VALUES (?, ?, ?, ?)",
            arguments: [
                device.rowID, device.identity.epoch, sequence, Data(rotation.publicKey),
            ]
        )
        return nil
    }

    /// An invoice may be brought to any store of the chain, and who joins, joins the chain; every
    /// other key is the device's own.
    private func scope(of sale: Sale) -> Int64 {
        sale.evidence == .eInvoice || sale.details.occasion.isOnce
            ? Self.chainScope : device.rowID
    }

    /// Notes a hole in an earlier log, and how many of its entries HQ does not have either.
    private func apply(_ lost: LostFact, at sequence: Int64) throws -> QuarantineCode? {
        guard lost.epoch < device.identity.epoch else { return .misplaced }
        let held =
            try Int64.fetchOne(
                db,
                sql: "SELECT sequence FROM log WHERE device = ? AND epoch = ?",
                arguments: [device.rowID, lost.epoch]
            ) ?? 0
        let missingCount = max(0, lost.to - max(lost.from - 1, held))
        try db.execute(
            sql: """
                INSERT INTO hole (log, sequence, epoch, "from", "to", missingCount)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [logID, sequence, lost.epoch, lost.from, lost.to, missingCount]
        )
        guard missingCount > 0 else { return nil }
        try HQStore.raise(
            .entriesLost,
            "\(missingCount) entries up to \(lost.to) of epoch \(lost.epoch) are nowhere",
            device.identity.device,
            nowMs: nowMs,
            db
        )
        return nil
    }

    /// Books rights that HQ had placed on the device: they are in flight no more.
    private mutating func apply(_ grant: GrantFact, at sequence: Int64) throws -> QuarantineCode? {
        let known = try HQStore.knownGrant(grant.id, for: device, db)
        let verdict = RightsRule.verdict(on: grant, known: known) { isSigned(grant) }
        switch verdict {
        case .pass: return nil
        case .refuse: return .grantForeign
        case .accept, .adopt:
            guard let changed = try adding(grant.postings, to: grant.member)
            else { return .amountOutOfRange }
            if verdict == .accept {
                try HQStore.accept(grant.id, log: logID, at: sequence, db)
            } else {
                try HQStore.adopt(
                    grant,
                    by: device,
                    log: logID,
                    at: sequence,
                    nowMs: nowMs,
                    db
                )
            }
            amounts.merge(changed) { _, new in new }
            return nil
        }
    }

    /// Whether HQ signed a grant, and for this device.
    private func isSigned(_ grant: GrantFact) -> Bool {
        guard let hqKey else { return false }
        do throws(DownError) {
            return try GrantV1(grant.signed, signedBy: hqKey).device == device.identity.device
        } catch {
            return false
        }
    }

    /// What the device would hold of a member's after some postings, or nil if it cannot be.
    private func adding(
        _ postings: [Posting],
        to member: MemberNumber
    ) throws -> [Account: Int64]? {
        var changed: [Account: Int64] = [:]
        for posting in postings {
            let account = Account(member: member, asset: posting.asset, bucket: posting.bucket)
            let held = try changed[account] ?? amounts[account] ?? stored(account)
            let sum = try RightsRule.held(
                held,
                after: posting.amount,
                besides: { try others(account) }
            )
            guard let sum else { return nil }
            changed[account] = sum
        }
        return changed
    }

    /// What a member has of a bucket that this device does not hold.
    private func others(_ account: Account) throws -> Int64 {
        let amounts = try Int64.fetchAll(
            db,
            sql: "SELECT amount FROM balance WHERE member = ? AND asset = ? AND bucket = ?",
            arguments: [
                account.member.value, account.asset.name, account.bucket.description,
            ]
        )
        return Int64.saturatingSum(amounts) - (try stored(account))
    }

    private func stored(_ account: Account) throws -> Int64 {
        try readHeld.integer(
            .integer(account.member.value),
            .text(account.asset.name),
            .text(account.bucket.description),
            .integer(device.rowID)
        ) ?? 0
    }
}

/// A log line and what it says, read before the database is locked.
struct ParsedEntry: Sendable {
    let line: LogLine
    let content: Result<Entry, EntryLineError>

    init(_ line: LogLine) {
        self.line = line
        content = Self.content(of: line.body)
    }

    static func content(of body: [UInt8]) -> Result<Entry, EntryLineError> {
        do throws(EntryLineError) {
            return .success(try EntryLineV1.entry(from: body))
        } catch {
            return .failure(error)
        }
    }
}

extension Int64 {
    /// The sum of some amounts, or the largest number where it is more than that.
    static func saturatingSum(_ amounts: some Sequence<Int64>) -> Int64 {
        // What is below zero first: the rest then passes the largest number only for good.
        amounts.sorted().reduce(0) { sum, amount in
            let (next, isOver) = sum.addingReportingOverflow(amount)
            return isOver ? .max : next
        }
    }
}
