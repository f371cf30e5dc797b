/// A character being typed as Alt and keypad digits.
///
/// Windows tells a leading 0 (the system's code page) from none (the console's). A scanner's
/// "universal keyboard" mode sends the symbol's bytes either way, so only the value counts here.
struct NumpadEntry {
    /// Most digits of one number: a Unicode code point has seven, with a leading 0.
    static let digitCountMax = 8

    private var value: UInt32 = 0
    private var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ digit: UInt32) {
        count += 1
        guard count <= Self.digitCountMax else { return }
        value = value * 10 + digit
    }

    /// Ends the number.
    ///
    /// - Returns: The bytes it stands for; nil if it stands for no character.
    mutating func finish(as meaning: KeySettings.AltNumpad) -> [UInt8]? {
        defer { self = NumpadEntry() }
        guard count <= Self.digitCountMax else { return nil }
        if meaning == .byte, let byte = UInt8(exactly: value) { return [byte] }
        return Unicode.Scalar(value).map { Array(String(Character($0)).utf8) }
    }
}
