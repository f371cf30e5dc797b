import LoyaltyCore

/// A programme whose every field a test can change: one card, one rule, one reward, two tiers.
struct Draft: Sendable {
    var name = "qingtian"
    var version: Int64 = 1
    var title = LocalText(zhHant: "青田咖啡", en: "Qingtian")
    var currency = "TWD"
    var calendar = BusinessCalendar.taipei
    var firstDate = today.adding(days: -100)
    var lastDate = today.adding(days: 20)
    var saleAmountMax: Int64 = 100_000
    var receipts = ReceiptPolicy(ageDaysMax: 3, sellerIDs: [])
    var card = Card()
    var cards: [StampCard]?
    var ruleID = "base"
    var gift = Gift.perAmount(1, per: 35, .points)
    var conditions = Conditions()
    var group: String?
    var ruleCaps: [Cap] = []
    var pendingDays: Int64 = 0
    var carriesRemainder = false
    var stacks = false
    var moreRules: [Rule] = []
    var policies = Policies()
    var assets: [AssetRule] = []
    var rewardID = "pen"
    var rewardTitle = LocalText(zhHant: "筆", en: "Pen")
    var benefit = Reward.Benefit.handOver
    var cost: Reward.Cost? = Reward.Cost(1, .points)
    var rewardConditions = Conditions()
    var rewardCaps: [Cap] = []
    var rewardCode: Int64?
    var moreRewards: [Reward] = []
    var tiers = Tiers()
    var ladder: [TierLadder.Tier]?
    var hasTiers = true
    var saleCaps: [Cap] = []
    var cashiersEarn = true

    struct Card: Sendable {
        var id = "latte"
        var title = LocalText(zhHant: "卡", en: "Card")
        var reward = LocalText(zhHant: "禮", en: "Gift")
        var size: Int64 = 10
        var perVisit: Int64 = 1
        var needsSale = false
        var guardedBy = DoubleGrantGuard.businessDay
        var completion: StampCard.Completion?
        var next: String?
        var welcome: Int64 = 0
        var expiry = CardExpiry.never
    }

    struct Tiers: Sendable {
        var counter = TierLadder.Counter.spend
        var window = TierLadder.Window.lifetime
        var downgrade = TierLadder.Downgrade.never
        var id = "gold"
        var title = LocalText(zhHant: "金", en: "Gold")
        var min: Int64 = 10
    }

    /// The programme, which a test expects to be in order.
    var programme: Programme {
        do {
            return try made()
        } catch {
            preconditionFailure("the test's programme is wrong: \(error)")
        }
    }

    /// Why the programme cannot be in force; nil if it can.
    var error: ProgrammeError? {
        do throws(ProgrammeError) {
            _ = try made()
            return nil
        } catch {
            return error
        }
    }

    /// Makes the programme.
    func made() throws(ProgrammeError) -> Programme {
        try Programme(
            name: name,
            version: version,
            title: title,
            currency: currency,
            calendar: calendar,
            firstDate: firstDate,
            lastDate: lastDate,
            saleAmountMax: saleAmountMax,
            receipts: receipts,
            cards: cards ?? [stampCard],
            rules: [rule] + moreRules,
            policies: policies,
            assets: assets,
            rewards: [reward] + moreRewards,
            tiers: hasTiers ? tierLadder : nil,
            saleCaps: saleCaps,
            cashiersEarn: cashiersEarn
        )
    }

    private var stampCard: StampCard {
        StampCard(
            id: card.id,
            title: card.title,
            reward: card.reward,
            size: card.size,
            stampsPerVisit: card.perVisit,
            needsSale: card.needsSale,
            doubleGrantGuard: card.guardedBy,
            completion: card.completion,
            next: card.next,
            welcomeStamps: card.welcome,
            expiry: card.expiry
        )
    }

    private var rule: Rule {
        Rule(
            id: ruleID,
            conditions: conditions,
            gift: gift,
            group: group,
            caps: ruleCaps,
            pendingDays: pendingDays,
            carriesRemainder: carriesRemainder,
            stacks: stacks
        )
    }

    private var reward: Reward {
        Reward(
            id: rewardID,
            title: rewardTitle,
            benefit: benefit,
            cost: cost,
            conditions: rewardConditions,
            caps: rewardCaps,
            code: rewardCode
        )
    }

    private var tierLadder: TierLadder {
        let base = TierLadder.Tier(id: "base", title: title, min: 0)
        return TierLadder(
            counter: tiers.counter,
            window: tiers.window,
            downgrade: tiers.downgrade,
            tiers: ladder ?? [base, .init(id: tiers.id, title: tiers.title, min: tiers.min)]
        )
    }
}
