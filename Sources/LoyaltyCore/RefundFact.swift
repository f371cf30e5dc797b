/// A part of an award was taken back.
public struct RefundFact: Hashable, Sendable {
    /// The refund's own key, the POS's return receipt: the same key is the same refund.
    public let refund: SaleKey
    /// Whose award it was.
    public let member: MemberNumber
    /// The sale it was for.
    public let key: SaleKey
    /// The entry that recorded the award.
    public let sequence: Int64
    /// The epoch of that entry; nil for the epoch of the refund itself.
    public let epoch: Int64?
    /// The edition whose policy said what a part of a sale is.
    public let programme: ProgrammeReference
    /// The till at which the money went back.
    public let till: String
    /// The day of trade.
    public let businessDate: BusinessDate
    /// How much was refunded, in the currency's minor unit.
    public let amount: Int64
    /// What the sale was settled at: its parts together come to no more.
    public let settled: Int64
    /// The lines that came back, where the POS tells and the sale's are known.
    public let lines: [ReturnedLine]
    /// What earlier refunds of the sale came to; with it HQ can decide again.
    public let before: Refunded
    /// What was read of the member.
    public let reads: StandingReads
    /// What was given back and, below zero, taken back, asset by asset, whatever was owed.
    public let moved: [AssetAmount]
    /// What moves at the member's: what was moved, without what is owed.
    public let postings: [Posting]
    /// What is counted no more, and what is owed.
    public let tallies: [TallyChange]

    /// Creates a fact.
    public init(
        refund: SaleKey,
        member: MemberNumber,
        key: SaleKey,
        sequence: Int64,
        epoch: Int64? = nil,
        programme: ProgrammeReference,
        till: String,
        businessDate: BusinessDate,
        amount: Int64,
        settled: Int64,
        lines: [ReturnedLine] = [],
        before: Refunded = Refunded(),
        reads: StandingReads = StandingReads(),
        moved: [AssetAmount] = [],
        postings: [Posting],
        tallies: [TallyChange] = []
    ) {
        self.refund = refund
        self.member = member
        self.key = key
        self.sequence = sequence
        self.epoch = epoch
        self.programme = programme
        self.till = till
        self.businessDate = businessDate
        self.amount = amount
        self.settled = settled
        self.lines = lines
        self.before = before
        self.reads = reads
        self.moved = moved
        self.postings = postings
        self.tallies = tallies
    }

    /// The same refund of an award whose entry is at another place.
    public func with(sequence: Int64, epoch: Int64?) -> Self {
        Self(
            refund: refund,
            member: member,
            key: key,
            sequence: sequence,
            epoch: epoch,
            programme: programme,
            till: till,
            businessDate: businessDate,
            amount: amount,
            settled: settled,
            lines: lines,
            before: before,
            reads: reads,
            moved: moved,
            postings: postings,
            tallies: tallies
        )
    }

    /// What this refund alone came to.
    public var part: Refunded {
        Refunded(
            amount: amount,
            lines: lines,
            moved: moved,
            counts: tallies.filter(\.tally.subject.isShared)
        )
    }

    /// The standing on which the refund was decided, as far as it was read.
    public var standing: Standing {
        Standing(
            holdings: reads.holdings,
            tallies: Dictionary(reads.tallies.map { ($0.tally, $0.amount) }) { $1 }
        )
    }
}

/// How much of a sale's line came back.
public struct ReturnedLine: Hashable, Sendable {
    /// Which line, from 0.
    public let index: Int
    /// How much of it, in thousandths of a unit.
    public let quantity: Int64

    /// Creates a line.
    public init(_ index: Int, _ quantity: Int64) {
        self.index = index
        self.quantity = quantity
    }
}

/// An article that comes back, as a POS names it.
public struct ReturnedArticle: Hashable, Sendable {
    /// The article.
    public let sku: String
    /// How much of it, in thousandths of a unit.
    public let quantity: Int64

    /// Creates an article.
    public init(_ sku: String, _ quantity: Int64) {
        self.sku = sku
        self.quantity = quantity
    }
}

/// An amount of an asset, whatever its bucket.
public struct AssetAmount: Hashable, Sendable {
    /// The asset.
    public let asset: Asset
    /// How much.
    public let amount: Int64

    /// Creates an amount.
    public init(_ asset: Asset, _ amount: Int64) {
        self.asset = asset
        self.amount = amount
    }
}

/// What refunds of one sale came to together.
public struct Refunded: Hashable, Sendable {
    /// How much was refunded, in the currency's minor unit.
    public private(set) var amount: Int64
    /// How much of which lines came back, by line.
    public private(set) var lines: [ReturnedLine]
    /// What was given back and, below zero, taken back; at most two amounts of an asset.
    public private(set) var moved: [AssetAmount]
    /// How the counts changed that a refund changes by its share.
    public private(set) var counts: [TallyChange]

    /// Creates a sum; without arguments that of no refund.
    public init(
        amount: Int64 = 0,
        lines: [ReturnedLine] = [],
        moved: [AssetAmount] = [],
        counts: [TallyChange] = []
    ) {
        self.amount = amount
        self.lines = lines
        self.moved = moved
        self.counts = counts
    }

    /// Adds another refund; each part of the sum saturates, and none of an honest sale comes near.
    public mutating func add(_ other: Self) {
        amount = amount.addingSaturated(other.amount)
        for line in other.lines {
            let before = quantity(of: line.index)
            lines.removeAll { $0.index == line.index }
            lines.append(ReturnedLine(line.index, before.addingSaturated(line.quantity)))
        }
        lines.sort { $0.index < $1.index }
        for part in other.moved {
            let index = moved.firstIndex {
                $0.asset == part.asset && ($0.amount < 0) == (part.amount < 0)
            }
            let sum = (index.map { moved[$0].amount } ?? 0).addingSaturated(part.amount)
            if let index { moved[index] = AssetAmount(part.asset, sum) } else { moved.append(part) }
        }
        for change in other.counts {
            let sum = count(of: change.tally).addingSaturated(change.amount)
            counts.removeAll { $0.tally == change.tally }
            counts.append(TallyChange(change.tally, sum))
        }
    }

    /// How much was taken back of an asset.
    public func taken(_ asset: Asset) -> Int64 {
        -(moved.first { $0.asset == asset && $0.amount < 0 }?.amount ?? 0)
    }

    /// How much was given back of an asset.
    public func given(_ asset: Asset) -> Int64 {
        moved.first { $0.asset == asset && $0.amount > 0 }?.amount ?? 0
    }

    /// By how much a count changed.
    public func count(of tally: Tally) -> Int64 {
        counts.first { $0.tally == tally }?.amount ?? 0
    }

    /// How much of a line came back, in thousandths of a unit.
    public func quantity(of index: Int) -> Int64 {
        lines.first { $0.index == index }?.quantity ?? 0
    }
}

extension Int64 {
    fileprivate func addingSaturated(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min + 1 : .max) : sum
    }
}

extension Tally.Subject {
    /// Whether a refund lowers the count by its share of the sale, and not with the last part.
    var isShared: Bool { self == .spend || self == .points }
}

extension Award {
    /// What a decided refund came to.
    ///
    /// - Parameters:
    ///   - amount: How much was refunded.
    ///   - lines: How much of which lines came back.
    /// - Returns: That, and what moved.
    public func refunded(_ amount: Int64, _ lines: [ReturnedLine]) -> Refunded {
        let moved = derivation.compactMap { step -> AssetAmount? in
            guard let asset = step.asset, let amount = step.number("points") else { return nil }
            return switch step.kind {
            case .takenBack: AssetAmount(asset, -amount)
            case .givenBack: AssetAmount(asset, amount)
            default: nil
            }
        }
        let counts = tallies.filter(\.tally.subject.isShared)
        return Refunded(amount: amount, lines: lines, moved: moved, counts: counts)
    }
}

extension Refund {
    /// A refund of a sale of which some may have been refunded before; nil if a line is not one of
    /// the sale's, or more of it comes back than was sold.
    ///
    /// - Parameters:
    ///   - original: The sale as it was decided; without lines where they are not known any more.
    ///   - award: What it moved.
    ///   - amount: How much is refunded now.
    ///   - lines: How much of which lines comes back now.
    ///   - before: What the refunds before came to.
    public init?(
        of original: Sale,
        _ award: Award,
        amount: Int64,
        lines: [ReturnedLine],
        before: Refunded
    ) {
        var after = before
        after.add(Refunded(lines: lines))
        guard let linesBefore = original.lines(from: Refunded(), to: before),
            let now = original.lines(from: before, to: after)
        else { return nil }
        self.init(
            original: original,
            award: award,
            amount: amount,
            lines: now,
            refundedBefore: before.amount,
            linesBefore: linesBefore,
            movedBefore: before
        )
    }
}

extension Sale {
    /// What comes back between two sums of refunds, line by line.
    ///
    /// Amounts are rounded down over all that came back, so that many parts of a line cost what the
    /// line cost.
    fileprivate func lines(from before: Refunded, to after: Refunded) -> [SaleLine]? {
        var lines: [SaleLine] = []
        for returned in after.lines {
            guard details.lines.indices.contains(returned.index) else { return nil }
            let line = details.lines[returned.index]
            let from = before.quantity(of: returned.index)
            guard from <= returned.quantity, returned.quantity <= line.quantity else { return nil }
            if returned.quantity > from { lines.append(line.part(from, to: returned.quantity)) }
        }
        return lines
    }

    /// Finds the lines that a POS names by article; of lines of one article the first come first.
    ///
    /// - Parameters:
    ///   - articles: What comes back.
    ///   - before: What came back before.
    /// - Returns: The lines; nil if more comes back than was sold and is not back yet.
    public func returnedLines(
        _ articles: [ReturnedArticle],
        after before: Refunded
    ) -> [ReturnedLine]? {
        var now = Refunded()
        for article in articles {
            var left = article.quantity
            for (index, line) in details.lines.enumerated() where line.sku == article.sku {
                let back = before.quantity(of: index) + now.quantity(of: index)
                let part = min(left, line.quantity - back)
                guard part > 0 else { continue }
                now.add(Refunded(lines: [ReturnedLine(index, part)]))
                left -= part
            }
            guard left == 0 else { return nil }
        }
        return now.lines
    }
}

extension SaleLine {
    /// What of the line comes back once `before` has and until `after` has.
    fileprivate func part(_ before: Int64, to after: Int64) -> Self {
        func part(_ amount: Int64) -> Int64 {
            Self.share(amount, after, quantity) - Self.share(amount, before, quantity)
        }
        return Self(
            sku: sku,
            categories: categories,
            labels: labels,
            quantity: after - before,
            gross: part(gross),
            net: part(net),
            untaxed: untaxed.map(part)
        )
    }

    /// `amount * part / whole`, rounded down.
    private static func share(_ amount: Int64, _ part: Int64, _ whole: Int64) -> Int64 {
        guard whole > 0 else { return 0 }
        return Int64(truncatingIfNeeded: Int128(amount) * Int128(part) / Int128(whole))
    }
}

extension [TallyChange] {
    /// What is owed from now on, asset by asset: what could not be taken back, since it was spent.
    public var owed: [AssetAmount] {
        compactMap { change in
            guard case .debt(let asset) = change.tally.subject, change.amount > 0
            else { return nil }
            return AssetAmount(asset, change.amount)
        }
    }
}
