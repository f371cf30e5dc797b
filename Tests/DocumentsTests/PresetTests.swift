import Foundation
import LoyaltyCore
import Testing

/// A month with each programme that we ship: what a member does, what moves, what is held at last.
struct PresetTests {
    @Test(arguments: months)
    func `a programme that we ship does what its comment promises`(month: Month) throws {
        let (moves, balance) = try month.played()

        for (row, moved) in zip(month.rows, moves) {
            #expect(moved == row.moves, "\(month.name): \(row.input)")
        }
        #expect(balance == month.balance)
    }

    @Test func `every programme that we ship is played`() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Month.directory)

        #expect(files.sorted() == Set(Self.months.map { $0.name + ".yaml" }).sorted())
    }

    /// Time and input, and behind the bar what moves.
    static let months: [Month] = [
        Month(
            "stamp-card",
            // A visit a day, the tenth fills the card.
            """
            2026-03-02 09:00 visit | +1 stamps/latte
            2026-03-02 18:00 visit | visit-already-stamped
            2026-03-03 12:00 buy 80 | +1 stamps/latte
            """,
            holds: "stamps/latte 2"
        ),
        Month(
            "points",
            // One for 35, two in the anniversary week.
            """
            2027-09-30 12:00 buy 69 | +1 points
            2027-10-01 12:00 buy 70 | +4 points
            2027-10-02 12:00 buy 34 | amount-too-small
            """,
            holds: "points 5"
        ),
        Month(
            "demo",
            // Every visit is stamped, points for 35.
            """
            2026-03-02 09:00 visit | +1 stamps/latte
            2026-03-02 09:01 buy 105 | +1 stamps/latte, +3 points
            """,
            holds: "points 3, stamps/latte 2"
        ),
        Month(
            "stamp-rally",
            // Each shop once, the sixth gives a ticket.
            """
            2026-03-01 10:00 visit at bakery | +1 stamps/rally
            2026-03-01 10:20 visit at bookshop | +1 stamps/rally
            2026-03-08 10:00 visit at bakery | amount-missing
            2026-03-08 10:40 buy 60 at teahouse | +1 stamps/rally
            2026-03-08 11:20 visit at noodles | +1 stamps/rally
            2026-03-15 10:00 visit at florist | +1 stamps/rally
            2026-03-15 10:40 visit at ices | +1 stamps/rally, -6 stamps/rally, +1 ticket/rally
            """,
            holds: "ticket/rally 1"
        ),
        Month(
            "check-in",
            // A point a day, more on the third and the seventh.
            """
            2026-03-01 12:00 checkIn | +1 points 2027-03-31
            2026-03-02 03:59 checkIn on 2026-03-01 | already-checked-in
            2026-03-02 12:00 checkIn | +1 points 2027-03-31
            2026-03-03 12:00 checkIn | +3 points 2027-03-31
            2026-03-04 12:00 checkIn | +1 points 2027-03-31
            2026-03-05 12:00 checkIn | +1 points 2027-03-31
            2026-03-06 12:00 checkIn | +1 points 2027-03-31
            2026-03-07 12:00 checkIn | +6 points 2027-03-31
            2026-03-09 12:00 checkIn | +1 points 2027-03-31
            2026-03-09 13:00 buy 50 redeem cookie | not-enough
            """,
            holds: "points 15"
        ),
        Month(
            "friend-sharing",
            // The friend's first purchase pays who invited.
            """
            2026-03-01 12:00 referral join | nothing-for-occasion
            2026-03-02 12:00 referral firstSale | +100 points 2026-03-09..2027-12-31
            2026-03-05 12:00 buy 250 redeem pay=50 | not-enough
            2026-03-10 12:00 buy 250 redeem pay=50 | -50 points 2026-03-09..2027-12-31, +2 points \
                2027-12-31, due 200
            """,
            holds: "points 52"
        ),
        Month(
            "friend-sharing",
            // And the friend, once.
            """
            2026-03-02 12:00 buy 300 | +53 points 2027-12-31
            2026-03-03 12:00 buy 300 | +3 points 2027-12-31
            """,
            holds: "points 56",
            isReferred: true
        ),
        Month(
            "lucky-draw",
            // Tickets for 500, an instant win by the luck of the sale.
            """
            2026-03-01 12:00 buy 1250 luck 0 | +2 ticket/anniversary 2027-12-31
            2026-03-02 12:00 buy 99 luck 12 | amount-too-small
            2026-03-03 12:00 buy 100 luck 12 | +1 voucher/latte 2026-04-02
            2026-03-04 12:00 buy LATTE:120 redeem latte | -1 voucher/latte 2026-04-02, due 0
            """,
            holds: "ticket/anniversary 2"
        ),
        Month(
            "star-rewards",
            // 1 for 35, Mondays double, gold a fifth more, full blocks convert.
            """
            2026-03-01 12:00 buy 350 | +10 points 2027-03-31
            2026-03-02 12:00 buy 350 | +20 points 2027-03-31
            2026-03-03 12:00 buy CARD:1000:gift-card MOCHA:140:drink | +4 points 2027-03-31
            2026-03-20 12:00 birthday | +1 voucher/birthday 2026-04-19
            2026-03-21 12:00 buy CAKE:120:cake TEA:70:drink redeem birthday | -1 voucher/birthday \
                2026-04-19, +2 points 2027-03-31, due 70
            2026-03-22 12:00 buy 10500 | +300 points 2027-03-31
            2026-03-24 12:00 buy 350 | +12 points 2027-03-31
            2026-03-30 12:00 buy 350 | +20 points 2027-03-31
            2027-04-01 12:00 buy 35 | -368 points 2027-03-31, +10 voucher/drink 2027-06-30; +1 \
                points 2028-04-30
            """,
            holds: "points 1, voucher/drink 10"
        ),
        Month(
            "p-coin",
            // A percent back, five on electronics, what coins pay earns none.
            """
            2026-03-01 12:00 buy TV:10000:electronics RICE:500 | +505 points 2026-03-11..2027-12-31
            2026-03-05 12:00 buy 300 redeem coin=all | +3 points 2026-03-15..2027-12-31
            2026-03-11 12:00 buy 300 redeem coin=100 | -100 points 2026-03-11..2027-12-31, +2 \
                points 2026-03-21..2027-12-31, due 200
            2026-03-20 12:00 buy TV:10000:electronics | +200 points 2026-03-30..2027-12-31
            """,
            holds: "points 610"
        ),
        Month(
            "paid-membership",
            // Bought once, benefits for a year.
            """
            2026-03-01 12:00 buy PRIME-365:990 | +1 voucher/prime 2027-03-01
            2026-03-02 12:00 buy RICE:500 DELIVERY:100 redeem delivery | +10 points 2027-03-31, \
                due 500
            2026-03-03 12:00 buy SOAP:200:own-brand RICE:300 redeem own-brand | +8 points \
                2027-03-31, due 490
            2027-03-01 12:00 buy 500 | +10 points 2028-03-31
            2027-03-02 12:00 buy RICE:500 DELIVERY:100 redeem delivery | -1 voucher/prime \
                2027-03-01; reward-unavailable
            2027-03-02 12:01 buy 500 | +5 points 2028-03-31
            """,
            holds: "points 33"
        ),
        Month(
            "member-day",
            // One top-up of 500, then 12 percent off on the 18th and the 28th.
            """
            2026-03-18 12:00 buy 1000 redeem member-day | reward-unavailable
            2026-03-19 12:00 topUp 499 | +499 value/paid
            2026-03-20 12:00 topUp 500 | +500 value/paid, +1 voucher/member
            2026-03-21 12:00 topUp 500 | +500 value/paid
            2026-03-27 12:00 buy 1000 redeem member-day | reward-unavailable
            2026-03-28 12:00 buy 1000 redeem member-day value 880 | -880 value/paid, due 0
            2026-03-28 18:00 buy 1000 redeem member-day | reward-unavailable
            2026-04-18 12:00 buy RICE:500 BEER:500:alcohol redeem member-day | nothing, due 940
            2026-04-28 12:00 buy 20000 redeem member-day | nothing, due 19000
            """,
            holds: "value/paid 619, voucher/member 1"
        ),
        Month(
            "stored-value",
            // Steps of bonus, passes one by one, bonus spent first.
            """
            2026-03-01 12:00 topUp 3000 | +3000 value/paid, +450 value/bonus 2027-03-01
            2026-03-02 12:00 topUp 400 | +400 value/paid
            2026-03-03 12:00 buy 600 value 600 | -450 value/bonus 2027-03-01, -150 value/paid, due 0
            2026-03-04 12:00 buy FACIAL-10:8000 | +10 pass/facial
            2026-03-05 12:00 buy FACIAL:1000 redeem facial | -1 pass/facial, due 0
            2026-03-06 12:00 buy 5000 value 5000 | not-enough
            """,
            holds: "pass/facial 9, value/paid 3250"
        ),
        Month(
            "last-purchase",
            // A coupon from the next day on, for two weeks.
            """
            2026-03-01 12:00 buy BURGER:90 COLA:30 | +1 voucher/burger 2026-03-02..2026-03-15, +1 \
                voucher/drink 2026-03-02..2026-03-15
            2026-03-01 18:00 buy BURGER:90 redeem burger | not-enough
            2026-03-02 12:00 buy CHEESEBURGER:100 redeem burger | -1 voucher/burger \
                2026-03-02..2026-03-15, +1 voucher/burger 2026-03-03..2026-03-16, due 80
            2026-03-16 12:00 buy TEA:35 redeem drink | -1 voucher/drink 2026-03-02..2026-03-15; \
                not-enough
            """,
            holds: "voucher/burger 1"
        ),
        Month(
            "birthday-welcome",
            // A drink for joining, a cake, 50 points for coming back.
            """
            2026-03-01 12:00 join | +1 voucher/welcome 2026-03-31
            2026-03-02 12:00 buy TEA:60:drink BUN:50 redeem welcome | -1 voucher/welcome \
                2026-03-31, +1 points 2027-03-31, due 50
            2026-03-10 12:00 birthday | +1 voucher/cake 2026-03-31
            2026-04-01 12:00 buy 100 | -1 voucher/cake 2026-03-31; +52 points 2027-04-30
            2026-04-30 12:00 buy 100 | +2 points 2027-04-30
            """,
            holds: "points 55"
        ),
        Month(
            "service-recovery",
            // Fixed compensation, by a manager, for a reason.
            """
            2026-03-01 12:00 recovery minor | recovery-not-approved
            2026-03-01 12:01 recovery minor approved | +30 points 2027-03-31
            2026-03-02 12:00 recovery serious approved | +1 voucher/drink 2026-05-31
            2026-03-03 12:00 recovery grave approved | +500 value/bonus 2027-03-03
            2026-03-04 12:00 recovery fatal approved | nothing-for-occasion
            2026-03-05 12:00 buy TEA:60:drink redeem drink | -1 voucher/drink 2026-05-31, due 0
            """,
            holds: "points 30, value/bonus 500"
        ),
        Month(
            "feedback",
            // Each question so often as the programme says.
            """
            2026-03-01 12:00 survey csat 5 | +2 points 2027-03-31
            2026-03-01 13:00 survey csat 1 | nothing-for-occasion
            2026-03-02 12:00 survey csat 1 | +2 points 2027-03-31
            2026-03-02 12:01 survey nps 9 | +5 points 2027-03-31
            2026-03-31 12:00 survey nps 9 | nothing-for-occasion
            2026-04-01 12:00 survey nps 9 | +5 points 2027-04-30
            """,
            holds: "points 14"
        ),
        Month(
            "vote",
            // One vote for each member.
            """
            2026-03-01 12:00 vote flavour taro | +3 points 2027-03-31, +1 ticket/flavour 2027-12-31
            2026-03-02 12:00 vote flavour mango | already-voted
            2026-03-03 12:00 buy 100 | +1 points 2027-03-31
            """,
            holds: "points 4, ticket/flavour 1"
        ),
    ]
}
