import LoyaltyCore

extension WallTime {
    /// Reads a time such as `2026-11-22T12:00:00+08:00`, or gives nil.
    ///
    /// The seconds may be left out; without `Z` or an offset the time is the programme's local one.
    ///
    /// Source: RFC 3339, section 5.6.
    init?(_ text: String, in calendar: BusinessCalendar) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 16, bytes[10] == UInt8(ascii: "T") || bytes[10] == 0x20,
            bytes[13] == UInt8(ascii: ":"), let date = BusinessDate(String(text.prefix(10))),
            let hour = Self.number(bytes[11..<13], max: 23),
            let minute = Self.number(bytes[14..<16], max: 59)
        else { return nil }
        var (index, second) = (16, 0)
        if bytes.count >= 19, bytes[16] == UInt8(ascii: ":") {
            guard let number = Self.number(bytes[17..<19], max: 59) else { return nil }
            (index, second) = (19, number)
        }
        guard let offsetMinutes = Self.offsetMinutes(bytes[index...], in: calendar)
        else { return nil }
        let minutes = hour * 60 + minute - offsetMinutes
        let days = Int64(date.dayNumber)
        self.init(unixMs: days * 86_400_000 + Int64(minutes * 60 + second) * 1_000)
    }

    /// The middle of a day of trade: noon, or the hour at which the day turns if that is later.
    init(middleOf date: BusinessDate, in calendar: BusinessCalendar) {
        let minutes = max(12, calendar.dayTurnsAtHour) * 60 - calendar.utcOffsetMinutes
        self.init(unixMs: Int64(date.dayNumber) * 86_400_000 + Int64(minutes) * 60_000)
    }

    private static func offsetMinutes(
        _ bytes: ArraySlice<UInt8>,
        in calendar: BusinessCalendar
    ) -> Int? {
        let offset = Array(bytes)
        if offset.isEmpty { return calendar.utcOffsetMinutes }
        if offset == [UInt8(ascii: "Z")] { return 0 }
        guard offset.count == 6, offset[3] == UInt8(ascii: ":"),
            offset[0] == UInt8(ascii: "+") || offset[0] == UInt8(ascii: "-"),
            let hours = number(offset[1..<3], max: 14), let minutes = number(offset[4..<6], max: 59)
        else { return nil }
        return (hours * 60 + minutes) * (offset[0] == UInt8(ascii: "-") ? -1 : 1)
    }

    private static func number(_ digits: ArraySlice<UInt8>, max: Int) -> Int? {
        var value = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + Int(digit - 0x30)
        }
        return value <= max ? value : nil
    }
}
