import LoyaltyCore
import Testing

/// Which day of trade counts near the turn of the day, where the clock may be off (SYNC.md 3.11).
struct DayTests {
    /// The begin of `today` in Taipei.
    private let turnMs: Int64 = {
        let calendar = BusinessCalendar.taipei
        return Int64(today.dayNumber) * 86_400_000 - Int64(calendar.utcOffsetMinutes) * 60_000
            + Int64(calendar.dayTurnsAtHour) * 3_600_000
    }()

    @Test(arguments: [
        (quality: ClockQuality.ntp, afterMs: Int64(16_000), other: Int?.none),
        (.ntp, 15_999, -1), (.ntp, 0, -1), (.ntp, -1, 1), (.ntp, -16_000, 1), (.ntp, -16_001, nil),
        (.anchor, 103_199, -1), (.anchor, 103_200, nil), (.anchor, -103_200, 1),
        (.anchor, -103_201, nil),
        (.rtc, 299_999, -1), (.rtc, 300_000, nil), (.rtc, -300_000, 1), (.rtc, -300_001, nil),
        (.floor, 0, nil), (.floor, -1, nil),
    ])
    func `a day stays open for as long as the clock may be off`(
        quality: ClockQuality,
        afterMs: Int64,
        other: Int?
    ) {
        let reading = ClockReading(
            wall: WallTime(unixMs: turnMs + afterMs),
            quality: quality,
            sinceBootMs: 0
        )

        let open = BusinessDate.open(at: reading, in: .taipei)

        let date = afterMs < 0 ? today.adding(days: -1) : today
        #expect(open.date == date)
        #expect(open.other == other.map { date.adding(days: $0) })
    }

    /// Days are counted from `today`, which the clock names.
    @Test(arguments: [
        (lastVisit: Int?.none, other: Int?.none, day: 0, isStamped: true),
        (nil, 1, 0, true),
        (0, nil, 0, false),
        // Stamped at noon, again just before midnight: it may be tomorrow.
        (0, 1, 1, true),
        // That was tomorrow's stamp: after midnight it does not become yesterday's.
        (0, -1, 0, false),
        (-1, -1, 0, true),
        (1, 1, 0, true),
        (1, -1, 0, true),
    ])
    func `the day that gives a stamp counts, and none is stamped twice`(
        lastVisit: Int?,
        other: Int?,
        day: Int,
        isStamped: Bool
    ) {
        let programme = makeProgramme(cards: [makeCard(guardedBy: .businessDay)])
        let at = makeMoment(sinceBootMs: 0)
        let visit = lastVisit.map { Visit(at: at, businessDate: today.adding(days: $0)) }

        let (sale, decision) = programme.decideOnBetterDay(
            Standing(lastVisits: visit.map { ["latte": $0] } ?? [:]),
            makeSale(amount: nil, other: other.map { today.adding(days: $0) }, evidence: .visit),
            at: at
        )

        #expect(sale.businessDate == today.adding(days: day))
        #expect(sale.otherDate == nil)
        if case .award = decision { #expect(isStamped) } else { #expect(!isStamped) }
    }

    @Test(arguments: [
        (from: 1, other: 1, day: 1, points: Int64(30)),
        (0, 1, 0, 30),
        (1, -1, 0, 10),
    ])
    func `the day on which a campaign runs counts`(
        from: Int,
        other: Int,
        day: Int,
        points: Int64
    ) throws {
        let programme = makeProgramme(rules: [
            Rule(id: "base", per: 10, give: 1),
            Rule(id: "extra", per: 10, give: 2, firstDate: today.adding(days: from)),
        ])

        let (sale, decision) = programme.decideOnBetterDay(
            Standing(),
            makeSale(amount: 100, other: today.adding(days: other)),
            at: makeMoment(sinceBootMs: 0)
        )

        guard case .award(let award) = decision else { throw decisionIsNoAward(decision) }
        #expect(sale.businessDate == today.adding(days: day))
        #expect(award.postings == [Posting(.points, .never, points)])
    }

    private func decisionIsNoAward(_ decision: Decision) -> some Error {
        guard case .refusal(let refusal) = decision else { preconditionFailure("it is an award") }
        return refusal
    }
}
