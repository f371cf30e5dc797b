import Crypto

/// Who has how many tickets of a draw, as HQ publishes it, version 1.
///
/// One line for each member who has any: the name of 32 hexadecimal digits (`DrawEntry`), a space,
/// the count, a line feed. Lines are in the order of their bytes, so that there is one way to write
/// the list and no line stands twice. Tickets are numbered from 0, line after line.
public struct TicketListV1: Sendable {
    /// The list as published.
    public let bytes: [UInt8]
    /// The SHA-256 of the bytes, 64 lower-case hexadecimal digits.
    public let sha256: String

    /// Where each line begins.
    private var starts: [Int] = []
    /// How many tickets there are up to the end of each line.
    private var ends: [Int64] = []

    /// Most bytes of a list.
    ///
    /// Source: our own bound: some 3.8 million members, at 35 bytes a line.
    public static let byteCountMax = 134_217_728
    /// Most tickets of a line; who has more takes part with these.
    ///
    /// Source: with as many lines as a list can have, all tickets are fewer than 2^53, so that
    /// every JSON reader keeps their number exactly (RFC 8259 section 6).
    public static let ticketCountMax: Int64 = 1_000_000_000

    /// A member's tickets.
    public struct Line: Hashable, Sendable {
        /// The member's name.
        public let name: DrawEntry.Name
        /// How many tickets, 1 to `ticketCountMax`.
        public let ticketCount: Int64

        /// Creates a line.
        public init(_ name: DrawEntry.Name, _ ticketCount: Int64) {
            self.name = name
            self.ticketCount = ticketCount
        }
    }

    /// Writes a list of lines that are in the order of their names.
    ///
    /// - Throws: `DrawError` for too many lines, or one that cannot be or is misplaced.
    public init(_ lines: [Line]) throws(DrawError) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(lines.count * 36)
        var digits = [UInt8](repeating: 0, count: DrawEntry.Name.digitCount)
        for line in lines {
            line.name.write(to: &digits, at: 0)
            bytes += digits
            bytes.append(UInt8(ascii: " "))
            bytes += String(line.ticketCount).utf8
            bytes.append(UInt8(ascii: "\n"))
        }
        try self.init(parsing: bytes)
    }

    /// Reads a list.
    ///
    /// - Throws: `DrawError`, naming the first line that is wrong.
    public init(parsing bytes: [UInt8]) throws(DrawError) {
        guard bytes.count <= Self.byteCountMax
        else { throw .tooLarge(byteCountMax: Self.byteCountMax) }
        self.bytes = bytes
        sha256 = Self.sha256(of: bytes)
        let wrong = bytes.withUnsafeBufferPointer { Self.read($0, &starts, &ends) }
        if let wrong { throw wrong }
    }

    static func sha256(of bytes: [UInt8]) -> String { Hex.text(SHA256.hash(data: bytes)) }

    /// How many members have tickets.
    public var lineCount: Int { starts.count }

    /// How many tickets there are.
    public var ticketCount: Int64 { ends.last ?? 0 }

    /// How many tickets a line has.
    public func ticketCount(ofLine index: Int) -> Int64 { ends[index] - firstTicket(ofLine: index) }

    /// The number of a line's first ticket.
    func firstTicket(ofLine index: Int) -> Int64 { index == 0 ? 0 : ends[index - 1] }

    /// The line that holds a ticket, by the ticket's number from 0.
    func line(ofTicket ticket: Int64) -> Int { Self.firstIndex(starts.count) { ends[$0] > ticket } }

    /// Whose line it is.
    func name(ofLine index: Int) -> DrawEntry.Name {
        let digits = bytes[starts[index]..<starts[index] + DrawEntry.Name.digitCount]
        guard let name = DrawEntry.Name(String(decoding: digits, as: UTF8.self))
        else { preconditionFailure("every line was checked to begin with a name") }
        return name
    }

    /// Where a member's line is, from 0, or nil for a member without tickets.
    public func index(of name: DrawEntry.Name) -> Int? {
        let index = Self.firstIndex(starts.count) { self.name(ofLine: $0) >= name }
        return index < starts.count && self.name(ofLine: index) == name ? index : nil
    }

    /// The first of `count` indices for which something holds that holds for all after it.
    private static func firstIndex(_ count: Int, where holds: (Int) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension TicketListV1 {
    /// Reads line after line.
    ///
    /// Bytes and no texts: a million lines in a fraction of a second.
    ///
    /// - Returns: What is wrong with the first line that is.
    private static func read(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ starts: inout [Int],
        _ ends: inout [Int64]
    ) -> DrawError? {
        starts.reserveCapacity(bytes.count / 35)
        ends.reserveCapacity(bytes.count / 35)
        var (index, total) = (0, Int64(0))
        while index < bytes.count {
            let number = starts.count + 1
            guard isName(bytes, at: index),
                let (count, next) = count(bytes, at: index + DrawEntry.Name.digitCount)
            else { return .ticketLine(number) }
            if let before = starts.last, !precedes(bytes, before, index) {
                return .ticketOrder(number)
            }
            total += count
            starts.append(index)
            ends.append(total)
            index = next
        }
        return nil
    }

    private static func isName(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> Bool {
        guard start + DrawEntry.Name.digitCount <= bytes.count else { return false }
        for index in start..<start + DrawEntry.Name.digitCount {
            switch bytes[index] {
            case 0x30...0x39, 0x61...0x66: continue
            default: return false
            }
        }
        return true
    }

    /// Reads a space, a count without leading zeros and a line feed; gives where the next line is.
    private static func count(
        _ bytes: UnsafeBufferPointer<UInt8>,
        at start: Int
    ) -> (count: Int64, next: Int)? {
        guard start + 1 < bytes.count, bytes[start] == UInt8(ascii: " "),
            bytes[start + 1] != UInt8(ascii: "0")
        else { return nil }
        var (index, value) = (start + 1, Int64(0))
        while index < bytes.count, value <= ticketCountMax {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\n") { return value > 0 ? (value, index + 1) : nil }
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - 0x30)
            index += 1
        }
        return nil
    }

    /// Whether the name at one place comes before the name at another.
    private static func precedes(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ first: Int,
        _ second: Int
    ) -> Bool {
        for index in 0..<DrawEntry.Name.digitCount
        where bytes[first + index] != bytes[second + index] {
            return bytes[first + index] < bytes[second + index]
        }
        return false
    }
}
