import Foundation
import LedgerDB
import LoyaltyCore
import SyncWire
import Testing

/// A ledger in a directory of its own, and what a test needs to talk to it.
///
/// The directory goes when the value goes.
final class Bench: Sendable {
    let directory: String
    let settings: Ledger.Settings

    static let identity = LogIdentity(
        device: DeviceID(at: WallTime(unixMs: 1_790_000_000_000), random: Array(1...10)),
        epoch: 1,
        publicKey: Array(repeating: 7, count: 32),
        nonce: Array(repeating: 9, count: 16)
    )
    static let boot = BootFact(bootID: "00000000000000000000000000000001", version: "0.1.0")

    /// Makes an empty directory, by default among the temporary files.
    init(in parent: String = NSTemporaryDirectory()) throws {
        directory = "\(parent)/ledger-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: directory,
            withIntermediateDirectories: true
        )
        var settings = Ledger.Settings(path: "\(directory)/ledger.db")
        settings.ballastByteCount = 0
        self.settings = settings
    }

    deinit {
        // Allowed: what is left is only a temporary directory.
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Opens the ledger.
    func open(
        _ settings: Ledger.Settings? = nil,
        identity: LogIdentity = Bench.identity,
        boot: BootFact = Bench.boot,
        at reading: ClockReading = .noon
    ) throws -> Ledger {
        try Ledger.open(settings ?? self.settings, identity: identity, boot: boot, at: reading)
    }
}

extension ClockReading {
    /// Noon in Taipei on 2026-11-22, an hour after the kernel started.
    static let noon = Self.noon(plusMs: 0)

    static func noon(plusMs: Int64) -> Self {
        Self(
            wall: WallTime(unixMs: 1_795_320_000_000 + plusMs),
            quality: .ntp,
            sinceBootMs: 3_600_000 + plusMs
        )
    }
}

extension MemberNumber {
    /// A member for tests.
    static func test(_ value: Int64) throws -> Self {
        try #require(Self(value: value))
    }
}

extension Sale {
    /// A sale that the POS reports.
    static func pos(
        _ key: String,
        amount: Int64? = 350,
        till: String = "till-1",
        opensVisit: Bool = true,
        dayOffset: Int = 0
    ) throws -> Self {
        Self(
            key: try #require(SaleKey(key)),
            evidence: .pos,
            amount: amount,
            businessDate: try #require(BusinessDate("2026-11-22")).adding(days: dayOffset),
            opensVisit: opensVisit,
            till: till
        )
    }
}

extension Programme {
    /// One stamp a business day on a card of ten, and one point for each whole 35.
    static func latte(
        version: Int64 = 1,
        guard doubleGrantGuard: DoubleGrantGuard = .businessDay,
        give: Int64 = 1
    ) throws -> Self {
        let words = LocalText(zhHant: "拿鐵", en: "Latte")
        return try Self(
            name: "latte",
            version: version,
            title: words,
            currency: "TWD",
            calendar: .taipei,
            firstDate: try #require(BusinessDate("2026-01-01")),
            lastDate: try #require(BusinessDate("2099-12-31")),
            saleAmountMax: Programme.amountMax,
            receipts: ReceiptPolicy(ageDaysMax: 7, sellerIDs: []),
            cards: [
                StampCard(
                    id: "latte",
                    title: words,
                    reward: words,
                    size: 10,
                    stampsPerVisit: 1,
                    needsSale: false,
                    doubleGrantGuard: doubleGrantGuard
                )
            ],
            rules: [Rule(id: "base", per: 35, give: give)]
        )
    }
}

extension Asset {
    static let latteStamps = Asset.stamps(ofCard: "latte")
}

extension Recorded {
    /// The award, or nil for a refusal.
    var award: Award? {
        if case .award(let award) = decision { award } else { nil }
    }

    /// The refusal, or nil for an award.
    var refusal: Refusal? {
        if case .refusal(let refusal) = decision { refusal } else { nil }
    }
}
