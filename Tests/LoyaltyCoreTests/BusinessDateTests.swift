import LoyaltyCore
import Testing

struct BusinessDateTests {
    @Test(arguments: [
        ("1970-01-01", 0), ("1969-12-31", -1), ("2000-02-29", 11_016), ("2026-11-22", 20_779),
        ("0001-01-01", -719_162), ("9999-12-31", 2_932_896),
    ])
    func `a date is its number of days since 1970`(text: String, dayNumber: Int32) throws {
        let date = try #require(BusinessDate(text))

        #expect(date.dayNumber == dayNumber)
        #expect(date.description == text)
    }

    @Test(arguments: [
        "2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026-1-01",
        "26-01-01", "2026/01/01", "2026-01-01 ", "", "２０２６-01-01", "0000-01-01",
    ])
    func `a text that no calendar has is no date`(text: String) {
        #expect(BusinessDate(text) == nil)
    }

    @Test func `every day of four hundred years reads back as written`() throws {
        for dayNumber in Int32(0)..<146_097 {
            let date = BusinessDate(dayNumber: dayNumber)
            #expect(BusinessDate(date.description) == date)
        }
    }

    @Test(arguments: [
        // 2026-11-21T15:59:59.999Z is the last millisecond of the 21st in Taipei.
        (1_795_276_799_999, 0, "2026-11-21"),
        (1_795_276_800_000, 0, "2026-11-22"),
        // With a day that turns at four, the night still belongs to the day before.
        (1_795_276_800_000, 4, "2026-11-21"),
        (1_795_291_199_999, 4, "2026-11-21"),
        (1_795_291_200_000, 4, "2026-11-22"),
        (-1, 0, "1970-01-01"),
        (-28_800_001, 0, "1969-12-31"),
    ])
    func `the day of trade turns at the configured hour of local time`(
        unixMs: Int64,
        hour: Int,
        expected: String
    ) {
        let calendar = BusinessCalendar(utcOffsetMinutes: 480, dayTurnsAtHour: hour)

        let date = BusinessDate(at: WallTime(unixMs: unixMs), in: calendar)
        #expect(date.description == expected)
    }

    @Test(arguments: [Int64.min, Int64.max])
    func `a clock beyond every calendar still gives a date`(unixMs: Int64) {
        let date = BusinessDate(at: WallTime(unixMs: unixMs), in: .taipei)

        #expect(BusinessDate(date.description) == date)
    }
}
