import GRDB
import LoyaltyCore
import SyncWire

/// Fills a new ledger from a damaged one: what can be read is copied, what follows from the log is
/// told from it.
struct SalvageCopy {
    let db: Database
    let file: DamagedFile?
    /// Whether answers to sales may be missing.
    private var isSaleDamaged = false
    /// Whether answers to refunds may be missing.
    private var isRefundDamaged = false
    /// Members whose holdings could not all be read.
    private var lostHoldings: [ClosedRange<Int64>] = []
    private var rebuilt: [Holding: Int64] = [:]
    /// Members whose counts could not all be read.
    private var lostTallies: [ClosedRange<Int64>] = []
    private var recounted: [Count: Int64] = [:]
    /// Where entries are that were recorded again, by their old number.
    var moved: [Int64: Int64] = [:]
    private var rowCount = 0

    /// Rows after which what was copied is moved from the write-ahead log into the file.
    ///
    /// Source: our own bound; some 10 MB.
    private static let spillRowCount = 20_000
    private static let keys: ClosedRange<Int64> = 0...Int64.max - 1

    private struct Holding: Hashable {
        let member: MemberNumber
        let asset: Asset
        let bucket: Bucket
    }

    private struct Count: Hashable {
        let row: Int64
        let tally: Tally
    }

    init(_ db: Database, _ file: DamagedFile?) {
        self.db = db
        self.file = file
    }

    // MARK: Tables

    /// Copies what stands beside the log.
    mutating func copyTables() throws {
        guard file != nil else { return }
        for (table, key) in [("boot", "number"), ("anchor", "id")] {
            _ = try copy(table, key)
        }
        let sales = try copy("sale", "sequence") { row in
            SaleKey(row.text(1)) != nil && MemberNumber(value: row.integer(2)) != nil
                && FirstAnswer(row.bytes(4)) != nil
        }
        isSaleDamaged = !sales.isEmpty
        let refunds = try copy("refund", "number") { row in
            SaleKey(row.text(1)) != nil && SaleKey(row.text(2)) != nil
                && FirstRefundAnswer(row.bytes(3)) != nil
        }
        isRefundDamaged = !refunds.isEmpty
        lostHoldings = try copy("holding", "member") { row in
            MemberNumber(value: row.integer(0)) != nil && Asset(name: row.text(1)) != nil
                && Bucket(row.text(2)) != nil
        }
        _ = try copy("visit", "member")
        _ = try copy("grantSeen", "number") { Self.grant($0.bytes(3)) != nil }
        lostTallies = try copy("tally", "member") { Tally($0.text(1)) != nil }
        try copyDown()
        for (table, ranges) in [("holding", lostHoldings), ("tally", lostTallies)] {
            for range in ranges {
                try db.run(
                    "DELETE FROM \(table) WHERE member BETWEEN ? AND ?",
                    .integer(range.lowerBound),
                    .integer(range.upperBound)
                )
            }
        }
    }

    /// Copies what HQ sent down; of the members all or none, for HQ sends them again.
    private mutating func copyDown() throws {
        let name = file?.first("SELECT name FROM directoryInUse") {
            Directory(rawValue: $0.text(0))
        }
        let isWhole =
            try name.map { directory in
                try copy(directory.rawValue, "number", into: Directory.a.rawValue).isEmpty
            } ?? false
        let hasRevocations = try copyAll("revocation")
        let hasPlaces = try copyAll("feed")
        _ = try copyAll("edition")
        _ = try copyAll("approval")
        if !isWhole {
            try db.run("DELETE FROM \(Directory.a.rawValue)")
            try db.run("DELETE FROM feed WHERE name = 'changes'")
        }
        if !hasRevocations || !hasPlaces {
            try db.run("DELETE FROM feed WHERE name = 'revocations'")
        }
    }

    /// Copies a table's rows as far as they can be read and are sound.
    ///
    /// - Returns: The keys of which rows are missing.
    private mutating func copy(
        _ table: String,
        _ key: String,
        into target: String? = nil,
        isSound: (SQLRow) -> Bool = { _ in true }
    ) throws -> [ClosedRange<Int64>] {
        guard let file else { return [Self.keys] }
        let columns = try columns(of: target ?? table)
        let insertion = Self.insertion(into: target ?? table, columns)
        var failed: [ClosedRange<Int64>] = []
        failed += try file.eachReadable(
            table,
            columns: columns.joined(separator: ", "),
            key: key,
            in: Self.keys
        ) { row in
            guard isSound(row), try insert(row, columns.count, insertion) else {
                failed.append(row.integer(0)...row.integer(0))
                return
            }
        }
        return failed
    }

    /// Copies a small table whose key is a text.
    ///
    /// - Returns: Whether every row was copied.
    private mutating func copyAll(_ table: String) throws -> Bool {
        let columns = try columns(of: table)
        let insertion = Self.insertion(into: table, columns)
        var isWhole = true
        do {
            try file?.each("SELECT \(columns.joined(separator: ", ")) FROM \(table)") { row in
                if try !insert(row, columns.count, insertion) { isWhole = false }
            }
        } catch is DamagedFile.Unreadable {
            isWhole = false
        }
        return isWhole
    }

    private mutating func insert(
        _ row: SQLRow,
        _ columnCount: Int,
        _ insertion: String
    ) throws -> Bool {
        let values = (0..<Int32(columnCount)).compactMap { row.value($0) }
        guard values.count == columnCount else { return false }
        do {
            try db.run(insertion, values: values)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            return false
        }
        let isNew = db.changesCount > 0
        try spill()
        return isNew
    }

    private func columns(of table: String) throws -> [String] {
        try db.all("SELECT name FROM pragma_table_info(?)", .text(table)) { $0.text(0) }
    }

    private static func insertion(into table: String, _ columns: [String]) -> String {
        let places = columns.map { _ in "?" }.joined(separator: ", ")
        return """
            INSERT OR IGNORE INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(places))
            """
    }

    /// Keeps the write-ahead log of the new file short.
    mutating func spill() throws {
        rowCount += 1
        guard rowCount.isMultiple(of: Self.spillRowCount) else { return }
        try db.run("COMMIT")
        try db.each("PRAGMA wal_checkpoint(TRUNCATE)") { _ in false }
        try db.run("BEGIN IMMEDIATE")
    }

    // MARK: What follows from the log

    /// Tells from an entry what is missing beside the log.
    mutating func rebuild(_ line: LogLine, number: Int64) throws {
        guard isSaleDamaged || isRefundDamaged || !lostHoldings.isEmpty || !lostTallies.isEmpty
        else { return }
        // Allowed: only entries that can be read have effects here.
        guard let entry = try? EntryLineV1.entry(from: line.body) else { return }
        switch entry.fact {
        case .award(let award):
            add(award.postings, of: award.member)
            add(award.tallies, of: award.member)
            if isSaleDamaged { try answer(award, at: entry.at, number: number) }
        case .void(let void):
            add(void.postings, of: void.member)
            add(void.tallies, of: void.member)
            guard isSaleDamaged else { return }
            try db.run(
                "UPDATE sale SET voidedBy = coalesce(voidedBy, ?) WHERE key = ?",
                .integer(number),
                .text(void.key.text)
            )
        case .refund(let refund):
            add(refund.postings, of: refund.member)
            add(refund.tallies, of: refund.member)
            if isRefundDamaged { try answer(refund, number: number) }
        case .grant(let grant): add(grant.postings, of: grant.member)
        default: return
        }
    }

    /// Has the answer to a refund stand at its entry's number.
    private func answer(_ refund: RefundFact, number: Int64) throws {
        let known = try db.refund(refund.refund)
        guard known?.number != number else { return }
        let answer =
            known?.answer
            ?? FirstRefundAnswer(
                part: refund.part,
                settled: refund.settled,
                postings: refund.postings,
                tallies: refund.tallies,
                derivation: []
            )
        try db.run(
            "DELETE FROM refund WHERE number = ? OR key = ?",
            .integer(number),
            .text(refund.refund.text)
        )
        try db.insert(
            RefundRow(number: number, key: refund.refund, sale: refund.key, answer: answer)
        )
    }

    /// Has the answer to a sale stand at its award's number: the log knows better than the table.
    private func answer(_ award: AwardFact, at moment: Moment, number: Int64) throws {
        let known = try db.sale(award.sale.key)
        guard known?.number != number else { return }
        let rebuilt = Award(rebuilding: award)
        let settled = award.sale.settledAmount(rebuilt)
        let answer =
            known?.answer
            ?? FirstAnswer(
                at: moment,
                businessDate: award.sale.businessDate,
                award: rebuilt,
                visitsBefore: [:],
                settled: settled > 0 ? settled : nil
            )
        let row = SaleRow(
            number: number,
            key: award.sale.key,
            member: award.member,
            answer: answer,
            voidedBy: nil
        )
        try db.run(
            "DELETE FROM sale WHERE sequence = ? OR key = ?",
            .integer(number),
            .text(award.sale.key.text)
        )
        try db.insert(row, till: award.sale.till)
    }

    /// Drops what claims to stand behind the last entry that was.
    mutating func drop(above number: Int64) throws {
        for table in ["sale", "visit"] {
            try db.run("DELETE FROM \(table) WHERE sequence > ?", .integer(number))
            if db.changesCount > 0 { isSaleDamaged = true }
        }
        try db.run("DELETE FROM refund WHERE number > ?", .integer(number))
        if db.changesCount > 0 { isRefundDamaged = true }
    }

    /// Whether what a member holds could not all be read, so that it is told from the log.
    func hasLostHoldings(of member: MemberNumber) -> Bool {
        lostHoldings.contains { $0.contains(member.value) }
    }

    private mutating func add(_ postings: [Posting], of member: MemberNumber) {
        guard hasLostHoldings(of: member) else { return }
        for posting in postings {
            let holding = Holding(member: member, asset: posting.asset, bucket: posting.bucket)
            rebuilt[holding, default: 0] += posting.amount
        }
    }

    private mutating func add(_ tallies: [TallyChange], of member: MemberNumber) {
        for change in tallies {
            let row = change.tally.row(of: member)
            guard lostTallies.contains(where: { $0.contains(row) }) else { continue }
            recounted[Count(row: row, tally: change.tally), default: 0] += change.amount
        }
    }

    /// Writes what was told from the log, and counts the members.
    func finish() throws {
        for (count, number) in recounted where number != 0 {
            try db.run(
                "INSERT OR REPLACE INTO tally (member, name, count) VALUES (?, ?, ?)",
                .integer(count.row),
                .text(count.tally.description),
                .integer(number)
            )
        }
        for (holding, amount) in rebuilt where amount > 0 {
            try db.run(
                """
                INSERT OR REPLACE INTO holding (member, asset, bucket, amount)
                VALUES (?, ?, ?, ?)
                """,
                .integer(holding.member.value),
                .text(holding.asset.name),
                .text(holding.bucket.description),
                .integer(amount)
            )
        }
        let count = try db.first("SELECT count(*) FROM directory") { $0.integer(0) }
        try db.keep(memberCount: count ?? 0)
    }
}

extension Award {
    /// An award of which only its entry is known: the stamps tell which cards were stamped.
    fileprivate init(rebuilding award: AwardFact) {
        let steps = award.postings.compactMap { posting -> DerivationStep? in
            guard posting.amount > 0, posting.asset.kind == .stamps,
                let card = posting.asset.identifier
            else { return nil }
            return .visitStamped(card: card, stamps: posting.amount)
        }
        self.init(postings: award.postings, derivation: steps, tallies: award.tallies)
    }
}
