import Documents
import Foundation
import LedgerDB
import Logging
import LoyaltyCore
import SyncWire
import Testing

@testable import StampHQ

/// What a store's real ledger wrote, decided again at HQ: nothing that a rule reads may be missing.
struct AgainTests {
    @Test(arguments: UInt64(1)...4)
    func `HQ decides every entry of a store with all kinds of rules alike`(
        seed: UInt64
    ) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.url.path
        let store = try HQStore(path: "\(path)/hq.sqlite") { 1_900_000_000_000 }
        let programme = try Self.read(Self.document)
        try await store.publish(programme, yaml: Self.document)
        let key = SigningKey()
        let ledger = try Self.open("\(path)/ledger.sqlite", key)
        try await store.addDevice(ledger.identity, label: "test")

        var random = Dice(state: seed)
        var awardCount = 0
        for number in 1...400 {
            let at = ClockReading.day(number / 12, minute: number % 600)
            if number % 7 == 0, let voided = SaleKey("P1/\(number - 20)") {
                _ = try await ledger.void(voided, at: at)
                continue
            }
            if number % 5 == 0 {
                try await Self.refund(number, in: ledger, at, programme, &random)
                continue
            }
            let sale = try Self.sale(number, &random)
            let member = try #require(MemberNumber(value: Int64.random(in: 1...4, using: &random)))
            let recorded = try await ledger.record(sale, of: member, at: at, under: programme)
            if case .award = recorded.decision { awardCount += 1 }
        }
        try await Self.owe(ledger, programme)
        let log = try await Self.carry(ledger, key, to: store)
        #expect(Self.counted.filter { !log.contains("\"\($0)") } == [])
        try await DecisionCheck(
            store: store,
            readProgramme: Self.read,
            logger: Logger(label: "test")
        ).catchUp()

        #expect(awardCount > 200)
        #expect(try await store.uncheckedSlice() == nil)
        #expect(try await store.quarantine() == [])
        let found = try await store.differences().arrayValue ?? []
        #expect(found.first?.text == nil)
        await ledger.close()
    }

    /// What must stand in a log for it to have tried all kinds of rules.
    private static let counted = [
        "voucher/latte", "value/paid", "debt/points", "remainder/base", "spend@year", "streak",
        "vote/cake", "visitDay", "rule/anna~p", "rule/anna~c:anna", "rule/gold@day",
        "reward/ten-off@week", "sales@day", "held", "void", "refund", "before", "moved",
    ]

    /// Refunds a part of a recent sale; one that cannot be refunded is refused, and that is well.
    private static func refund(
        _ number: Int,
        in ledger: Ledger,
        _ at: ClockReading,
        _ programme: Programme,
        _ random: inout Dice
    ) async throws {
        let request = RefundRequest(
            key: try #require(SaleKey("R1/\(number)")),
            of: try #require(
                SaleKey("P1/\(number - Int.random(in: 1...12, using: &random))")
            ),
            amount: Int64.random(in: 0...150, using: &random)
        )
        _ = try await ledger.refund(request, at: at, under: programme)
    }

    private static func sale(_ number: Int, _ random: inout Dice) throws -> Sale {
        let dice = Int.random(in: 0..<20, using: &random)
        let till = Int.random(in: 1...2, using: &random)
        let day = BusinessDate(at: ClockReading.day(number / 12, minute: 0).wall, in: .taipei)
        var details = SaleDetails()
        details.cashier = ["anna", "ben", nil].randomElement(using: &random) ?? nil
        details.isCashiersOwn = Int.random(in: 0..<15, using: &random) == 0
        switch dice {
        case 0...2: details.occasion = .checkIn
        case 3: details.occasion = .vote("cake", option: "lemon")
        case 4: details.occasion = .topUp
        case 5...7: details.redemptions = [Redemption("ten-off")]
        case 8: details.redemptions = [Redemption("cup")]
        case 9...13: details.redemptions = [Redemption("pay", count: nil)]
        case 14: details.storedValue = .max
        default: break
        }
        let amount = Int64.random(in: 1...600, using: &random)
        return Sale(
            key: try #require(SaleKey("P1/\(number)")),
            evidence: .pos,
            amount: amount,
            businessDate: day,
            opensVisit: details.occasion == .purchase,
            till: "\(till)",
            details: details
        )
    }

    private static func open(_ path: String, _ key: SigningKey) throws -> Ledger {
        var settings = Ledger.Settings(path: path)
        settings.ballastByteCount = 0
        return try Ledger.open(
            settings,
            identity: LogIdentity(
                device: DeviceID(at: WallTime(unixMs: 1), random: []),
                epoch: 1,
                publicKey: key.publicKey.bytes,
                nonce: [UInt8](repeating: 1, count: 16)
            ),
            boot: BootFact(bootID: String(repeating: "a", count: 32), version: "test"),
            at: .day(0, minute: 0)
        )
    }

    /// Has a member spend what is then taken back, and earn again: a debt and its repayment.
    private static func owe(_ ledger: Ledger, _ programme: Programme) async throws {
        let member = try #require(MemberNumber(value: 9))
        let day = BusinessDate(at: ClockReading.day(40, minute: 0).wall, in: .taipei)
        for (minute, wish) in [(1, nil), (2, "pay"), (4, nil)] {
            if minute == 4, let first = SaleKey("P9/1") {
                _ = try await ledger.void(first, at: .day(40, minute: 3))
            }
            var details = SaleDetails()
            details.redemptions = wish.map { [Redemption($0, count: nil)] } ?? []
            let sale = Sale(
                key: try #require(SaleKey("P9/\(minute)")),
                evidence: .pos,
                amount: 350,
                businessDate: day,
                opensVisit: true,
                till: "1",
                details: details
            )
            _ = try await ledger.record(
                sale,
                of: member,
                at: .day(40, minute: minute),
                under: programme
            )
        }
    }

    /// Brings the whole log to HQ.
    ///
    /// - Returns: Its lines.
    private static func carry(
        _ ledger: Ledger,
        _ key: SigningKey,
        to store: HQStore
    ) async throws -> String {
        var start = ledger.identity.start
        var log = ""
        while true {
            let lines = try await ledger.slice(
                after: start.sequence,
                countMax: BatchV1.entryCountMax,
                byteCountMax: BatchV1.byteCountMax
            )
            guard let last = lines.last else { return log }
            let report = DeviceReportV1(
                now: Moment(
                    wall: WallTime(unixMs: 0),
                    quality: .ntp,
                    boot: 1,
                    sinceBootMs: 0
                ),
                pendingCount: 0,
                oldestAgeS: 0,
                programmeDigest: nil,
                freeMB: 900
            )
            let batch = BatchV1(
                of: lines,
                after: start,
                identity: ledger.identity,
                report: report,
                signedBy: key
            )
            let verified = try VerifiedBatch(batch, key: key.publicKey)
            guard case .held = try await store.ingest(verified, .carried) else {
                Issue.record("a batch was refused")
                return log
            }
            start = last.position
            log += lines.map { String(decoding: $0.body, as: UTF8.self) }.joined()
        }
    }

    @Sendable private static func read(_ text: String) throws -> Programme {
        try ProgrammeDocument.programme(from: text, file: "everything.yaml")
    }

    private static let document = """
        programme: rich
        version: 1
        title: {zh-Hant: 樣樣都有, en: A bit of everything}
        currency: TWD
        utcOffset: "+08:00"
        dayTurnsAtHour: 0
        from: 2026-01-01
        through: 2099-12-31
        amountMax: 100000
        receipts: {ageDaysMax: 30}
        assets:
          - {asset: points, expiry: {days: 30}, worth: 1}
        cards:
          - id: latte
            title: {zh-Hant: 拿鐵, en: Latte}
            reward: {zh-Hant: 一杯, en: one cup}
            stamps: 5
            perVisit: 1
            stampsEach: visit
            guard: businessDay
            completion: {give: 1, of: voucher/latte}
            welcome: 2
            expiry: {fromFirst: 90}
        rules:
          - {id: base, give: 1, per: 35, carryRemainder: true}
          - {id: weekend, multiply: 2, when: {weekdays: [sat, sun]}}
          - {id: gold, bonus: 5, when: {tiers: [gold]}, caps: [{per: member, each: day, max: 9}]}
          - {id: first, bonus: 20, when: {first: ever}}
          - {id: back, bonus: 7, when: {awayDays: 3}}
          - id: anna
            give: 2
            perSale: true
            when: {cashiers: [anna]}
            caps: [{per: cashier, each: day, max: 5}, {per: programme, each: programme, max: 60}]
          - {id: later, rate: 1/50, pendingDays: 7}
          - {id: check, give: 1, perSale: true, when: {on: checkIn}}
          - {id: streak, bonus: 9, when: {on: checkIn, streak: 3}}
          - {id: cake, give: 1, perSale: true, when: {on: vote, subject: cake}}
          - {id: charge, rate: 1, of: value/paid, when: {on: topUp}}
          - {id: birthday, bonus: 3, when: {birthday: month}}
        rewards:
          - id: ten-off
            title: {zh-Hant: 折十元, en: Ten off}
            cost: {give: 15, of: points}
            amountOff: 10
            caps: [{per: member, each: week, max: 2}]
          - id: cup
            title: {zh-Hant: 一杯, en: A cup}
            cost: {give: 1, of: voucher/latte}
            handOver: true
          - {id: pay, title: {zh-Hant: 折抵, en: Pay}, cost: {give: 1, of: points}, pays: 1}
        tiers:
          counter: spend
          window: calendarYear
          downgrade: never
          levels:
            - {id: basic, title: {zh-Hant: 一般, en: Basic}, min: 0}
            - {id: gold, title: {zh-Hant: 金, en: Gold}, min: 1500}
        limits: [{per: member, each: day, max: 4}]
        cashiersEarn: false
        """
}

/// A generator whose sequence its seed fixes (splitmix64).
private struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

extension ClockReading {
    /// A minute after 10:00 in Taipei of a day from 2026-11-01 on.
    fileprivate static func day(_ day: Int, minute: Int) -> Self {
        let sinceMs = Int64(day) * 86_400_000 + Int64(minute) * 60_000
        return Self(
            wall: WallTime(unixMs: 1_793_498_400_000 + sinceMs),
            quality: .ntp,
            sinceBootMs: 3_600_000 + sinceMs
        )
    }
}
