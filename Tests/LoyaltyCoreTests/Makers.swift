import LoyaltyCore

/// The business date of all sales unless a test says otherwise: 2026-11-22.
let today = BusinessDate(dayNumber: 20_779)

/// A moment of 2026-11-22, noon in Taipei, in the device's second boot.
func makeMoment(sinceBootMs: Int64) -> Moment {
    Moment(
        wall: WallTime(unixMs: 1_795_320_000_000),
        quality: .ntp,
        boot: 2,
        sinceBootMs: sinceBootMs
    )
}

func makeProgramme(
    cards: [StampCard] = [],
    rules: [Rule] = [],
    rewards: [Reward] = [],
    policies: Policies = Policies(),
    saleAmountMax: Int64 = 100_000,
    receipts: ReceiptPolicy = ReceiptPolicy(ageDaysMax: 3, sellerIDs: [])
) -> Programme {
    do {
        return try Programme(
            name: "qingtian",
            version: 1,
            title: LocalText(zhHant: "青田咖啡", en: "Qingtian"),
            currency: "TWD",
            calendar: .taipei,
            firstDate: today.adding(days: -100),
            lastDate: today.adding(days: 20),
            saleAmountMax: saleAmountMax,
            receipts: receipts,
            cards: cards,
            rules: rules,
            policies: policies,
            rewards: rewards
        )
    } catch {
        preconditionFailure("the test's programme is wrong: \(error)")
    }
}

func makeCard(
    _ id: String = "latte",
    size: Int64 = 10,
    needsSale: Bool = false,
    guardedBy doubleGrantGuard: DoubleGrantGuard
) -> StampCard {
    StampCard(
        id: id,
        title: LocalText(zhHant: "拿鐵集點卡", en: "Latte card"),
        reward: LocalText(zhHant: "一杯拿鐵", en: "one latte"),
        size: size,
        stampsPerVisit: 1,
        needsSale: needsSale,
        doubleGrantGuard: doubleGrantGuard
    )
}

func makeVisit() -> Sale {
    makeSale(amount: nil, evidence: .visit)
}

func makeSale(
    amount: Int64?,
    on date: BusinessDate = today,
    other: BusinessDate? = nil,
    evidence: Evidence = .pos,
    opensVisit: Bool = true,
    receipt: Receipt? = nil
) -> Sale {
    guard let key = SaleKey("pos/1/000123") else { preconditionFailure("the key is one") }
    return Sale(
        key: key,
        evidence: evidence,
        amount: amount,
        businessDate: date,
        otherDate: other,
        opensVisit: opensVisit,
        till: "1",
        receipt: receipt
    )
}
