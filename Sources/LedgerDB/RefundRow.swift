import GRDB
import LoyaltyCore

/// A refund that was recorded.
struct RefundRow {
    /// Its entry, counted over all epochs.
    let number: Int64
    /// Its own key.
    let key: SaleKey
    /// The sale's key.
    let sale: SaleKey
    let answer: FirstRefundAnswer
}

/// What a refund was answered when it came first, kept with its key.
struct FirstRefundAnswer: Hashable {
    /// What it came to.
    let part: Refunded
    /// What the sale was settled at.
    let settled: Int64
    let postings: [Posting]
    let tallies: [TallyChange]
    let derivation: [DerivationStep]
}

extension Database {
    func refund(_ key: SaleKey) throws -> RefundRow? {
        try first("\(Self.selectRefund) WHERE key = ?", .text(key.text), read: Self.refundRow)
    }

    /// The refunds of a sale, in the order in which they were made.
    func refunds(of sale: SaleKey) throws -> [RefundRow] {
        try all(
            "\(Self.selectRefund) WHERE sale = ? ORDER BY number",
            .text(sale.text),
            read: Self.refundRow
        )
    }

    func insert(_ row: RefundRow) throws {
        try run(
            "INSERT INTO refund (number, key, sale, answer) VALUES (?, ?, ?, ?)",
            .integer(row.number),
            .text(row.key.text),
            .text(row.sale.text),
            .blob(row.answer.bytes)
        )
    }

    private static let selectRefund = "SELECT number, key, sale, answer FROM refund"

    private static func refundRow(_ row: SQLRow) throws -> RefundRow {
        let number = row.integer(0)
        guard let key = SaleKey(row.text(1)), let sale = SaleKey(row.text(2)),
            let answer = FirstRefundAnswer(row.bytes(3))
        else { throw LedgerError.damaged("the answer of entry \(number) cannot be read") }
        return RefundRow(number: number, key: key, sale: sale, answer: answer)
    }
}

extension [RefundRow] {
    /// What they came to together.
    var sum: Refunded {
        reduce(into: Refunded()) { $0.add($1.answer.part) }
    }

    /// Whether nothing of the sale is left; a sale of nothing is refunded by its first refund.
    var isWhole: Bool {
        last.map { sum.amount >= $0.answer.settled } ?? false
    }
}

extension FirstRefundAnswer {
    var bytes: [UInt8] {
        let json: CanonicalJSON = [
            "amount": .integer(part.amount),
            "settled": .integer(settled),
            "lines": .array(
                part.lines.map { [.integer(Int64($0.index)), .integer($0.quantity)] }
            ),
            "moved": .array(part.moved.map { [.string($0.asset.name), .integer($0.amount)] }),
            "shared": .array(part.counts.map(\.json)),
            "post": .array(postings.map(\.json)),
            "counts": .array(tallies.map(\.json)),
            "steps": .array(derivation.map(\.json)),
        ]
        return json.bytes
    }

    /// Reads what `bytes` wrote, or gives nil for anything else: the file is then damaged.
    init?(_ bytes: [UInt8]) {
        // Allowed: the caller turns nil into `LedgerError.damaged`, with the refund's entry.
        guard let json = try? CanonicalJSON(parsing: bytes),
            let amount = json["amount"]?.integerValue,
            let settled = json["settled"]?.integerValue,
            let lines = json["lines"]?.arrayValue?.compactMap(ReturnedLine.init(json:)),
            let moved = json["moved"]?.arrayValue?.compactMap(AssetAmount.init(json:)),
            let shared = json["shared"]?.arrayValue?.compactMap(TallyChange.init(json:)),
            let postings = json["post"]?.arrayValue?.compactMap(Posting.init(json:)),
            let tallies = json["counts"]?.arrayValue?.compactMap(TallyChange.init(json:)),
            let steps = json["steps"]?.arrayValue?.compactMap(DerivationStep.init(json:))
        else { return nil }
        part = Refunded(amount: amount, lines: lines, moved: moved, counts: shared)
        self.settled = settled
        self.postings = postings
        self.tallies = tallies
        derivation = steps
    }
}

extension ReturnedLine {
    fileprivate init?(json: CanonicalJSON) {
        guard let parts = json.arrayValue, parts.count == 2, let index = parts[0].integerValue,
            let quantity = parts[1].integerValue
        else { return nil }
        self.init(Int(index), quantity)
    }
}

extension AssetAmount {
    fileprivate init?(json: CanonicalJSON) {
        guard let parts = json.arrayValue, parts.count == 2,
            let asset = parts[0].stringValue.flatMap(Asset.init(name:)),
            let amount = parts[1].integerValue
        else { return nil }
        self.init(asset, amount)
    }
}
