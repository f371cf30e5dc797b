import Crypto
import LedgerDB
import Logging
import LoyaltyCore
import StampAgent
import SyncWire

/// A counter of two tills over a real ledger in a directory.
func makeCounter(in directory: String, logger: Logger) throws -> Counter {
    let reading = ClockReading(
        wall: WallTime(unixMs: 1_795_329_120_000),
        quality: .ntp,
        sinceBootMs: 60_000
    )
    let identity = LogIdentity(
        device: DeviceID(at: reading.wall, random: [1]),
        epoch: 1,
        publicKey: Array(Curve25519.Signing.PrivateKey().publicKey.rawRepresentation),
        nonce: Array(repeating: 0, count: 16)
    )
    var settings = Ledger.Settings(path: directory + "/ledger.db")
    settings.ballastByteCount = 0
    return Counter(
        ledger: try Ledger.open(
            settings,
            identity: identity,
            boot: BootFact(bootID: String(repeating: "0", count: 32), version: "probe"),
            at: reading
        ),
        programme: try makeProgramme(),
        clock: AgentClock(reading: { reading }, uptime: { .seconds(60) }),
        settings: CounterSettings(
            store: "永康店",
            tills: ["1", "2"],
            invoiceKeys: [],
            version: "probe"
        ),
        board: StatusBoard(hqURL: nil),
        hub: EventHub(),
        logger: logger
    )
}

/// A café's programme: a stamp a visit, a point for each 35 spent, and what points are for.
func makeProgramme() throws -> Programme {
    try Programme(
        name: "probe",
        version: 1,
        title: LocalText(zhHant: "青田咖啡", en: "Qingtian Coffee"),
        currency: "TWD",
        calendar: .taipei,
        firstDate: BusinessDate(dayNumber: 0),
        lastDate: BusinessDate(dayNumber: 100_000),
        saleAmountMax: 100_000,
        receipts: ReceiptPolicy(ageDaysMax: 7, sellerIDs: []),
        cards: [
            StampCard(
                id: "latte",
                title: LocalText(zhHant: "拿鐵集點卡", en: "Latte card"),
                reward: LocalText(zhHant: "一杯拿鐵", en: "a latte"),
                size: 10,
                stampsPerVisit: 1,
                needsSale: false,
                doubleGrantGuard: .businessDay
            )
        ],
        rules: [Rule(id: "base", per: 35, give: 1)],
        rewards: [
            Reward(
                id: "cookie",
                title: LocalText(zhHant: "手工餅乾", en: "a cookie"),
                benefit: .handOver,
                cost: Reward.Cost(4, .points),
                code: 101
            ),
            Reward(
                id: "off",
                title: LocalText(zhHant: "折 20 元", en: "20 off"),
                benefit: .amountOff(20),
                cost: Reward.Cost(3, .points),
                code: 102
            ),
            Reward(
                id: "pay",
                title: LocalText(zhHant: "點數折抵", en: "pay with points"),
                benefit: .pays(.one),
                cost: Reward.Cost(1, .points),
                code: 103
            ),
        ]
    )
}
