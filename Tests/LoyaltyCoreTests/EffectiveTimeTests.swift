import LoyaltyCore
import Testing

/// When an entry truly happened, told from the log alone.
struct EffectiveTimeTests {
    /// HQ's time when it answered in the device's second boot, an hour after that began.
    private let anchor = Anchor(
        boot: 2,
        sinceBootMs: 3_600_000,
        fact: AnchorFact(serverMs: 1_795_320_000_000, roundTripMs: 400)
    )
    private let receivedAt = WallTime(unixMs: 1_795_400_000_000)

    struct Row: Sendable {
        let sinceBootMs: Int64
        let earliest: Int64
        let best: Int64
        let latest: Int64
    }

    /// The times are against HQ's at the anchor.
    static let rows = [
        Row(sinceBootMs: 3_600_000, earliest: -1, best: 200, latest: 401),
        Row(sinceBootMs: 1_800_000, earliest: -1_800_901, best: -1_799_800, latest: -1_798_699),
        Row(sinceBootMs: 10_800_000, earliest: 7_196_399, best: 7_200_200, latest: 7_204_001),
    ]

    @Test(arguments: rows)
    func `in a boot with an anchor the boot clock tells the time, whatever the wall clock says`(
        row: Row
    ) {
        let dead = Moment(
            wall: WallTime(unixMs: 0),
            quality: .floor,
            boot: 2,
            sinceBootMs: row.sinceBootMs
        )
        let isEarlier = row.sinceBootMs < anchor.sinceBootMs
        let time = EffectiveTime(
            of: dead,
            before: isEarlier ? nil : anchor,
            after: isEarlier ? anchor : nil,
            receivedAt: receivedAt
        )

        #expect(time.earliest.unixMs - anchor.fact.serverMs == row.earliest)
        #expect(time.best.unixMs - anchor.fact.serverMs == row.best)
        #expect(time.latest.unixMs - anchor.fact.serverMs == row.latest)
    }

    @Test func `the nearer of two anchors tells, for clocks drift`() {
        let later = Anchor(
            boot: 2,
            sinceBootMs: 90_000_000,
            fact: AnchorFact(serverMs: anchor.fact.serverMs + 86_443_000, roundTripMs: 0)
        )
        let moment = Moment(
            wall: WallTime(unixMs: 0),
            quality: .rtc,
            boot: 2,
            sinceBootMs: 89_999_000
        )

        let time = EffectiveTime(of: moment, before: anchor, after: later, receivedAt: receivedAt)
        #expect(time.best.unixMs == later.fact.serverMs - 1_000)
    }

    @Test func `a clock that NTP keeps is off by sixteen seconds at most`() {
        let wall = WallTime(unixMs: 1_795_320_000_000)
        let moment = Moment(wall: wall, quality: .ntp, boot: 9, sinceBootMs: 1)

        let time = EffectiveTime(of: moment, before: anchor, after: nil, receivedAt: receivedAt)
        #expect(time.best == wall)
        #expect(time.latest.unixMs - wall.unixMs == 16_000)
        #expect(wall.unixMs - time.earliest.unixMs == 16_000)
    }

    @Test func `a boot without an anchor lies between the anchors around it`() {
        let next = Anchor(
            boot: 4,
            sinceBootMs: 10,
            fact: AnchorFact(serverMs: anchor.fact.serverMs + 1_000_000, roundTripMs: 30)
        )
        let dead = Moment(wall: WallTime(unixMs: 0), quality: .floor, boot: 3, sinceBootMs: 7)

        let time = EffectiveTime(of: dead, before: anchor, after: next, receivedAt: receivedAt)
        #expect(time.earliest.unixMs == anchor.fact.serverMs)
        #expect(time.latest.unixMs == next.fact.serverMs + 30)
        #expect(time.best == time.earliest)
    }

    @Test func `a log without any anchor happened before HQ had it`() {
        let ahead = Moment(
            wall: WallTime(unixMs: receivedAt.unixMs + 9),
            quality: .rtc,
            boot: 1,
            sinceBootMs: 7
        )

        let time = EffectiveTime(of: ahead, before: nil, after: nil, receivedAt: receivedAt)
        #expect(time.best == receivedAt)
        #expect(time.latest == receivedAt)
    }

    @Test func `numbers beyond all time do not trap`() {
        for extreme in [Int64.min, .max] {
            let fact = AnchorFact(serverMs: extreme, roundTripMs: .max)
            let moment = Moment(
                wall: WallTime(unixMs: extreme),
                quality: .rtc,
                boot: 1,
                sinceBootMs: .max
            )
            let wall = WallTime(unixMs: extreme)
            let anchor = Anchor(boot: 1, sinceBootMs: 0, fact: fact)
            for near in [anchor, nil] {
                let time = EffectiveTime(of: moment, before: near, after: nil, receivedAt: wall)
                #expect(time.earliest <= time.latest)
            }
        }
    }
}
