/// A moment as somebody at a place writes it, such as `2026-12-31T18:00+08:00` (RFC 3339).
public struct LocalTime: Hashable, Sendable {
    /// The moment.
    public let wall: WallTime
    /// The date on that place's calendar.
    public let date: BusinessDate

    /// Furthest that a place is ahead of UTC or behind it, in minutes.
    ///
    /// Source: RFC 3339 section 5.6: hours up to 23 and minutes up to 59.
    public static let offsetMinutesMax: Int64 = 1_439

    /// Reads a time, or gives nil for anything else.
    ///
    /// The form is `2026-12-31T18:00`, seconds such as `:59` if wanted, and `Z`, `+08:00` or
    /// `-05:00`. There is no leap second: POSIX time has no place for it.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 17, bytes[10] == UInt8(ascii: "T"),
            let date = String(validating: bytes[..<10], as: UTF8.self).flatMap({ BusinessDate($0) }
            ),
            let minutes = Self.minutes(bytes[11..<16])
        else { return nil }
        var rest = bytes[16...]
        var seconds: Int64 = 0
        if rest.first == UInt8(ascii: ":") {
            guard let number = Self.number(rest.dropFirst().prefix(2)), number < 60
            else { return nil }
            seconds = number
            rest = rest.dropFirst(3)
        }
        guard let offset = Self.offset(rest) else { return nil }
        let localMinutes = Int64(date.dayNumber) * 1_440 + minutes
        wall = WallTime(unixMs: ((localMinutes - offset) * 60 + seconds) * 1_000)
        self.date = date
    }

    /// Minutes ahead of UTC.
    private static func offset(_ bytes: ArraySlice<UInt8>) -> Int64? {
        switch bytes.first {
        case UInt8(ascii: "Z"): bytes.count == 1 ? 0 : nil
        case UInt8(ascii: "+"): minutes(bytes.dropFirst())
        case UInt8(ascii: "-"): minutes(bytes.dropFirst()).map { -$0 }
        default: nil
        }
    }

    /// Reads `18:00`.
    private static func minutes(_ bytes: ArraySlice<UInt8>) -> Int64? {
        guard bytes.count == 5, bytes[bytes.startIndex + 2] == UInt8(ascii: ":"),
            let hour = number(bytes.prefix(2)), let minute = number(bytes.suffix(2)),
            hour < 24, minute < 60
        else { return nil }
        return hour * 60 + minute
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard digits.count == 2, digits.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }
}
