import LoyaltyCore
import Testing

/// Times as operators write them.
struct LocalTimeTests {
    @Test(arguments: [
        ("1970-01-01T00:00Z", Int64(0), "1970-01-01"),
        ("2026-12-31T18:00+08:00", 1_798_711_200_000, "2026-12-31"),
        ("2027-01-01T00:30:59+08:00", 1_798_734_659_000, "2027-01-01"),
        ("2026-12-31T23:30-05:00", 1_798_777_800_000, "2026-12-31"),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000, "2024-02-29"),
        ("2026-01-01T00:00+23:59", 1_767_139_260_000, "2026-01-01"),
    ])
    func `a local time is a moment and a date of its place`(
        text: String,
        unixMs: Int64,
        date: String
    ) throws {
        let time = try #require(LocalTime(text))

        #expect(time.wall.unixMs == unixMs)
        #expect(time.date.description == date)
    }

    @Test(arguments: [
        "", "2026-12-31", "2026-12-31T18:00", "2026-12-31 18:00Z", "2026-12-31T24:00Z",
        "2026-12-31T18:60Z", "2026-12-31T18:00:60Z", "2026-12-31T18:00:00.5Z",
        "2026-12-31T18:00:5Z",
        "2026-12-31T18:00+24:00", "2026-12-31T18:00+0800", "2026-12-31T18:00+08:60",
        "2026-12-31T18:00Z ", "2026-12-31T18:00Zulu", "2025-02-29T18:00Z", "2026-12-31T-1:00Z",
        "2026-12-31T18:0０Z",
    ])
    func `anything else is no time`(text: String) {
        #expect(LocalTime(text) == nil)
    }
}
