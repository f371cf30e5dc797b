import LoyaltyCore
import Testing

/// A till of the oracle's rows: one programme, and members by name who buy one after the other.
struct OracleTill {
    private(set) var engine: FirstEngine
    private(set) var standings: [String: Standing] = [:]
    /// The business date of what happens next.
    var date = today
    private var keyCount = 0

    static let text = LocalText(zhHant: "字", en: "word")

    init(
        rules: [Rule] = [],
        cards: [StampCard] = [],
        rewards: [Reward] = [],
        policies: Policies = Policies(),
        assets: [AssetRule] = [],
        tiers: TierLadder? = nil,
        saleCaps: [Cap] = [],
        dates: ClosedRange<Int> = -1_000...1_000
    ) {
        do {
            engine = FirstEngine(
                try Programme(
                    name: "oracle",
                    version: 1,
                    title: Self.text,
                    currency: "TWD",
                    calendar: .taipei,
                    firstDate: today.adding(days: dates.lowerBound),
                    lastDate: today.adding(days: dates.upperBound),
                    saleAmountMax: 100_000_000,
                    receipts: ReceiptPolicy(ageDaysMax: 3, sellerIDs: []),
                    cards: cards,
                    // A programme needs a rule; this one asks for a code that nobody has.
                    rules: rules + [Self.idle],
                    policies: policies,
                    assets: assets,
                    rewards: rewards,
                    tiers: tiers,
                    saleCaps: saleCaps
                )
            )
        } catch {
            preconditionFailure("the row's programme is wrong: \(error)")
        }
    }

    var programme: Programme { engine.programme }

    private static var idle: Rule {
        var conditions = Conditions()
        conditions.codes = ["nobody-has-this"]
        return Rule(id: "idle", conditions: conditions, gift: .bonus(1, .points))
    }

    /// Lets a member hold something.
    mutating func give(
        _ amount: Int64,
        _ asset: Asset = .points,
        _ bucket: Bucket = .never,
        to member: String = "X"
    ) {
        let standing = self[member]
        standings[member] = standing.after([Posting(asset, bucket, amount)]) ?? standing
    }

    subscript(member: String) -> Standing { standings[member] ?? Standing() }

    func balance(_ asset: Asset = .points, of member: String = "X") -> Int64 {
        self[member].balance(of: asset)
    }

    /// A moment of the day, in minutes after midnight in Taipei.
    func moment(_ minute: Int64) -> Moment {
        let unixMs = Int64(date.dayNumber) * 86_400_000 + (minute - 480) * 60_000
        return Moment(
            wall: WallTime(unixMs: unixMs),
            quality: .ntp,
            boot: 1,
            sinceBootMs: unixMs - 1_600_000_000_000
        )
    }

    /// A purchase, a visit or another occasion; what is not named is the usual.
    mutating func makeSale(
        _ amount: Int64? = nil,
        lines: [SaleLine] = [],
        redeem: [Redemption] = [],
        evidence: Evidence = .pos,
        _ change: (inout SaleDetails) -> Void = { _ in }
    ) -> Sale {
        keyCount += 1
        var details = SaleDetails()
        details.lines = lines
        details.redemptions = redeem
        change(&details)
        let sum = lines.reduce(-details.orderDiscount) { $0 + $1.net }
        guard let key = SaleKey("oracle/\(keyCount)") else { preconditionFailure("a key") }
        return Sale(
            key: key,
            evidence: evidence,
            amount: amount ?? (lines.isEmpty ? nil : sum),
            businessDate: date,
            opensVisit: true,
            till: "1",
            details: details
        )
    }

    /// Previews a sale; writes nothing.
    func preview(_ sale: Sale, by member: String = "X", minute: Int64 = 720) -> Decision {
        programme.decide(self[member], sale, at: moment(minute))
    }

    /// Rings a sale up.
    @discardableResult
    mutating func ring(
        _ sale: Sale,
        by member: String = "X",
        minute: Int64 = 720
    ) throws -> OracleReceipt {
        var standing = self[member]
        let (answer, award) = engine.sell(sale, to: &standing, at: moment(minute))
        guard let award else { throw OracleRefusal(code: answer.refusal ?? "none") }
        standings[member] = standing
        return OracleReceipt(sale: sale, award: award)
    }

    /// The code with which a sale is refused; nil if it is not.
    mutating func refusal(
        of sale: Sale,
        by member: String = "X",
        minute: Int64 = 720
    ) throws -> String? {
        do {
            try ring(sale, by: member, minute: minute)
            return nil
        } catch let refusal as OracleRefusal {
            return refusal.code
        }
    }

    /// Refunds an amount of a sale; nil for all that is left.
    @discardableResult
    mutating func refund(
        _ receipt: OracleReceipt,
        _ amount: Int64? = nil,
        before: Int64 = 0,
        by member: String = "X"
    ) -> NaiveAnswer {
        let refund =
            amount.map {
                Refund(
                    original: receipt.sale,
                    award: receipt.award,
                    amount: $0,
                    refundedBefore: before
                )
            } ?? .rest(of: receipt.sale, receipt.award, refundedBefore: before)
        var standing = self[member]
        let answer = engine.refund(refund, to: &standing, on: date)
        standings[member] = standing
        return answer
    }

    /// Lets time pass until a date.
    mutating func pass(until date: BusinessDate) {
        self.date = date
        for (member, standing) in standings {
            var standing = standing
            _ = engine.expire(&standing, on: date)
            standings[member] = standing
        }
    }
}

/// A sale that was awarded.
struct OracleReceipt {
    let sale: Sale
    let award: Award

    var due: Int64? { award.due }

    /// What was posted of an asset above zero, and below.
    func earned(_ asset: Asset = .points) -> Int64 {
        award.postings.filter { $0.asset == asset && $0.amount > 0 }.reduce(0) { $0 + $1.amount }
    }

    func spent(_ asset: Asset = .points) -> Int64 {
        award.postings.filter { $0.asset == asset && $0.amount < 0 }.reduce(0) { $0 - $1.amount }
    }
}

/// Why a sale was refused.
struct OracleRefusal: Error, Equatable {
    let code: String
}

func makeLine(
    _ sku: String,
    _ price: Int64,
    units: Int64 = 1,
    untaxed: Int64? = nil
) -> SaleLine {
    SaleLine(
        sku: sku,
        quantity: units * SaleLine.unit,
        gross: price * units,
        untaxed: untaxed
    )
}

func makeConditions(_ change: (inout Conditions) -> Void) -> Conditions {
    var conditions = Conditions()
    change(&conditions)
    return conditions
}

func makeReward(
    _ id: String,
    _ benefit: Reward.Benefit,
    cost: Int64? = nil,
    of asset: Asset = .points,
    caps: [Cap] = [],
    _ change: (inout Conditions) -> Void = { _ in }
) -> Reward {
    Reward(
        id: id,
        title: OracleTill.text,
        benefit: benefit,
        cost: cost.map { Reward.Cost($0, asset) },
        conditions: makeConditions(change),
        caps: caps
    )
}
