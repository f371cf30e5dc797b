import Crypto
import LoyaltyCore

/// A draw that was run: everything that anybody needs, besides the ticket list, to run it again and
/// get the same winners, version 1.
public struct DrawProofV1: Hashable, Sendable {
    /// What was announced before.
    public let announcement: DrawAnnouncementV1
    /// The seed, secret until now.
    public let seed: [UInt8]
    /// The outcome of the announcement's public source; nil if it names none.
    public let publicValue: String?
    /// The SHA-256 of the ticket list, 64 lower-case hexadecimal digits.
    public let ticketsSHA256: String
    /// How many lines the ticket list has.
    public let lineCount: Int64
    /// How many tickets they have together.
    public let ticketCount: Int64
    /// Who won, the first prize first; fewer than announced if the tickets ran out.
    public let winners: [Winner]

    /// Who won what.
    public struct Winner: Hashable, Sendable {
        /// The prize's name.
        public let prize: String
        /// The number of the winning ticket, from 0 in the list's order.
        public let ticket: Int64
        /// The name of the line that holds the ticket.
        public let name: DrawEntry.Name
    }

    /// Most bytes of a proof.
    ///
    /// Source: our own bound; 10,000 winners of prizes with the longest names have some 5 MB.
    public static let byteCountMax = 8_388_608

    /// Runs a draw.
    ///
    /// - Parameters:
    ///   - announcement: What was announced.
    ///   - seed: The seed that was announced by its digest.
    ///   - publicValue: The outcome of the announcement's public source; nil if it names none.
    ///   - tickets: Everybody's tickets.
    /// - Throws: `DrawError` if seed or value do not fit the announcement.
    public init(
        drawing announcement: DrawAnnouncementV1,
        seed: [UInt8],
        publicValue: String?,
        from tickets: TicketListV1
    ) throws(DrawError) {
        try Self.check(announcement, seed, publicValue)
        self.announcement = announcement
        self.seed = seed
        self.publicValue = publicValue
        ticketsSHA256 = tickets.sha256
        lineCount = Int64(tickets.lineCount)
        ticketCount = tickets.ticketCount
        var numbers = DrawNumbers(announcement, seed, publicValue, ticketsSHA256)
        winners = Self.winners(announcement, tickets) { numbers.next() }
    }

    /// Runs the draw again, and compares.
    ///
    /// - Parameters:
    ///   - tickets: The bytes of the ticket list.
    ///   - published: The announcement as it was published before the draw, if it was kept.
    /// - Returns: The list, for whoever looks for a member.
    /// - Throws: `DrawError`, naming the first thing that does not fit.
    @discardableResult
    public func verify(
        tickets: [UInt8],
        published: DrawAnnouncementV1? = nil
    ) throws(DrawError) -> TicketListV1 {
        if let published, published != announcement { throw .otherAnnouncement }
        try Self.check(announcement, seed, publicValue)
        let sha256 = TicketListV1.sha256(of: tickets)
        guard sha256 == ticketsSHA256
        else { throw .otherTickets(sha256: sha256, drawn: ticketsSHA256) }
        let list = try TicketListV1(parsing: tickets)
        let again = try Self(
            drawing: announcement,
            seed: seed,
            publicValue: publicValue,
            from: list
        )
        guard again.lineCount == lineCount
        else { throw .ticketCount(field: "lines", found: again.lineCount, told: lineCount) }
        guard again.ticketCount == ticketCount
        else { throw .ticketCount(field: "tickets", found: again.ticketCount, told: ticketCount) }
        if let index = zip(again.winners, winners).enumerated().first(where: { $1.0 != $1.1 }) {
            throw .winner(index.offset + 1)
        }
        guard again.winners.count == winners.count
        else { throw .winnerCount(found: again.winners.count, told: winners.count) }
        return list
    }

    private static func check(
        _ announcement: DrawAnnouncementV1,
        _ seed: [UInt8],
        _ publicValue: String?
    ) throws(DrawError) {
        guard seed.count == DrawAnnouncementV1.seedByteCount
        else { throw .malformed(field: "seed") }
        guard DrawAnnouncementV1.commitment(to: seed) == announcement.commitment
        else { throw .otherSeed }
        guard (publicValue != nil) == (announcement.publicSource != nil)
        else { throw .publicValue(isWanted: announcement.publicSource != nil) }
        guard publicValue.map(DrawAnnouncementV1.isText) != false
        else { throw .malformed(field: "publicValue") }
    }

    /// Chooses one ticket after the other among those that can still win, each as likely as any.
    ///
    /// - Parameters:
    ///   - announcement: The prizes, and whether a member can win again.
    ///   - tickets: Everybody's tickets.
    ///   - random: The numbers of `DrawNumbers`; a test gives others.
    /// - Returns: The winners, the first prize first.
    static func winners(
        _ announcement: DrawAnnouncementV1,
        _ tickets: TicketListV1,
        random: () -> UInt64
    ) -> [Winner] {
        var winners: [Winner] = []
        var gone = GoneTickets()
        for prize in announcement.prizes {
            for _ in 0..<prize.winnerCount {
                let left = tickets.ticketCount - gone.count
                guard left > 0 else { return winners }
                let ticket = gone.ticket(at: place(below: left, random))
                let line = tickets.line(ofTicket: ticket)
                winners.append(
                    Winner(prize: prize.name, ticket: ticket, name: tickets.name(ofLine: line))
                )
                if announcement.winsOnce {
                    gone.take(
                        tickets.ticketCount(ofLine: line),
                        from: tickets.firstTicket(ofLine: line)
                    )
                } else {
                    gone.take(1, from: ticket)
                }
            }
        }
        return winners
    }

    private static func place(below bound: Int64, _ random: () -> UInt64) -> Int64 {
        while true {
            if let place = random().fairRemainder(below: UInt64(bound)) { return Int64(place) }
        }
    }
}

/// The numbers that decide a draw: HMAC-SHA256 by the seed over what was published and a counter.
struct DrawNumbers {
    private let key: SymmetricKey
    private let message: String
    private var count = 0

    init(
        _ announcement: DrawAnnouncementV1,
        _ seed: [UInt8],
        _ publicValue: String?,
        _ ticketsSHA256: String
    ) {
        key = SymmetricKey(data: seed)
        let announced = Hex.text(SHA256.hash(data: announcement.bytes))
        message = "stampd draw 1\n\(announced)\n\(ticketsSHA256)\n\(publicValue ?? "")\n"
    }

    /// The first eight bytes of the next hash, the highest first.
    mutating func next() -> UInt64 {
        let hash = HMAC<SHA256>.authenticationCode(
            for: Array("\(message)\(count)".utf8),
            using: key
        )
        count += 1
        return hash.withUnsafeBytes { UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)) }
    }
}

/// The tickets that cannot win any more, as runs in their order.
private struct GoneTickets {
    private var runs: [(first: Int64, count: Int64)] = []
    /// How many they are.
    private(set) var count: Int64 = 0

    /// The ticket that has so many before it that are not gone.
    func ticket(at place: Int64) -> Int64 {
        var ticket = place
        for run in runs {
            guard run.first <= ticket else { break }
            ticket += run.count
        }
        return ticket
    }

    /// Takes tickets away, none of which is gone.
    mutating func take(_ ticketCount: Int64, from first: Int64) {
        let index = runs.firstIndex { $0.first > first } ?? runs.count
        runs.insert((first, ticketCount), at: index)
        count += ticketCount
    }
}

extension DrawProofV1 {
    /// The proof as it is published: one line.
    public var bytes: [UInt8] { json.bytes + [UInt8(ascii: "\n")] }

    private var json: CanonicalJSON {
        [
            "v": 1,
            "kind": "draw-proof",
            "announcement": announcement.json,
            "seed": .string(Hex.text(seed)),
            "publicValue": publicValue.map(CanonicalJSON.string) ?? .null,
            "tickets": [
                "sha256": .string(ticketsSHA256),
                "lines": .integer(lineCount),
                "tickets": .integer(ticketCount),
            ],
            "winners": .array(
                winners.map { winner in
                    [
                        "prize": .string(winner.prize),
                        "ticket": .integer(winner.ticket),
                        "name": .string(winner.name.text),
                    ]
                }
            ),
        ]
    }

    /// Reads a proof; what it says is still to be verified.
    ///
    /// - Throws: `DrawError`.
    public init(parsing bytes: [UInt8]) throws(DrawError) {
        guard bytes.count <= Self.byteCountMax
        else { throw .tooLarge(byteCountMax: Self.byteCountMax) }
        let json = try CanonicalJSON(ofDraw: bytes)
        try json.check(kind: "draw-proof")
        guard let announcement = json["announcement"]
        else { throw .malformed(field: "announcement") }
        self.announcement = try DrawAnnouncementV1(announcement)
        guard let seed = json["seed"]?.stringValue.flatMap({ Hex.bytes($0) })
        else { throw .malformed(field: "seed") }
        self.seed = seed
        publicValue = try json.text("publicValue")
        guard let tickets = json["tickets"], let sha256 = tickets["sha256"]?.stringValue,
            let lineCount = tickets["lines"]?.integerValue,
            let ticketCount = tickets["tickets"]?.integerValue
        else { throw .malformed(field: "tickets") }
        ticketsSHA256 = sha256
        self.lineCount = lineCount
        self.ticketCount = ticketCount
        guard let winners = json["winners"]?.arrayValue else { throw .malformed(field: "winners") }
        self.winners = try winners.map { json throws(DrawError) in
            guard let prize = json["prize"]?.stringValue, let ticket = json["ticket"]?.integerValue,
                let name = json["name"]?.stringValue.flatMap({ DrawEntry.Name($0) })
            else { throw .malformed(field: "winners") }
            return Winner(prize: prize, ticket: ticket, name: name)
        }
        guard self.bytes.dropLast().elementsEqual(bytes.droppingLineEnd)
        else { throw .notCanonical }
    }
}
