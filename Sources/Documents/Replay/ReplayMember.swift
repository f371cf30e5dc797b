public import LoyaltyCore

/// One line of the file of members with which a replay begins.
///
/// docs/programmes.md tells every key.
public struct ReplayMember: Sendable {
    /// The member's name in the file of sales.
    public let name: String
    /// What HQ knows of the member.
    public let profile: Profile
    /// Whether the member is barred.
    public let isBlocked: Bool
    /// Who invited the member; nil for nobody.
    public let referrer: String?
    /// What the member holds.
    public let holdings: [Posting]
    /// What was counted before: money, visits, purchases, points.
    public let counts: [Tally.Subject: Int64]

    let birthday: Birthday?
    /// The tier that the member has to begin with.
    let tier: String?

    /// Reads one line of a file of members.
    ///
    /// - Parameters:
    ///   - bytes: The line, without its end.
    ///   - line: Its number, from 1, for messages.
    ///   - file: The file's name, for messages.
    /// - Throws: `DocumentError` with the line, what is wrong, and what to write.
    public init(
        _ bytes: some Sequence<UInt8>,
        line: Int,
        file: String
    ) throws(DocumentError) {
        do throws(Mistake) {
            try self.init(Mistake.json(bytes))
        } catch {
            throw DocumentError(file: file, line: line, problem: error.problem, fix: error.fix)
        }
    }

    private init(_ value: CanonicalJSON) throws(Mistake) {
        let fields = try LineFields(
            value,
            called: "a member",
            names: [
                "member", "birthday", "tierFloor", "tier", "referrer", "balances", "counts",
                "blocked", "joined", "lastVisit",
            ]
        )
        name = try fields.required(try fields.text("member"), "member")
        birthday = try fields.birthday()
        referrer = try fields.text("referrer")
        isBlocked = try fields.flag("blocked") ?? false
        var profile = Profile()
        profile.birthday = birthday.map { ($0.month, $0.day) }
        profile.isReferred = referrer != nil
        profile.tierFloor = try fields.text("tierFloor")
        self.profile = profile
        tier = try fields.text("tier")
        // Documentation for whoever reads the file; no rule asks for it.
        _ = try fields.date("joined")
        var holdings: [Posting] = []
        for balance in try fields.list("balances") { holdings.append(try Self.holding(balance)) }
        self.holdings = Self.merged(holdings)
        var counts = try Self.counts(fields["counts"])
        if let date = try fields.date("lastVisit") { counts[.visitDay] = Int64(date.dayNumber) }
        self.counts = counts
    }

    private static func holding(_ value: CanonicalJSON) throws(Mistake) -> Posting {
        let fields = try LineFields(
            value,
            called: "a balance",
            names: ["asset", "amount", "through", "from"]
        )
        return Posting(
            try fields.required(try fields.asset("asset"), "asset"),
            Bucket(from: try fields.date("from"), through: try fields.date("through")),
            try fields.required(try fields.whole("amount", 1...Programme.amountMax), "amount")
        )
    }

    /// Sorted by asset and bucket, no entry twice: the form of a standing.
    private static func merged(_ holdings: [Posting]) -> [Posting] {
        var sums: [Asset: [Bucket: Int64]] = [:]
        for holding in holdings {
            sums[holding.asset, default: [:]][holding.bucket, default: 0] += holding.amount
        }
        return sums.sorted { $0.key < $1.key }.flatMap { asset, buckets in
            buckets.sorted { $0.key < $1.key }.map { Posting(asset, $0.key, $0.value) }
        }
    }

    private static func counts(
        _ value: CanonicalJSON?
    ) throws(Mistake) -> [Tally.Subject: Int64] {
        guard let value else { return [:] }
        let subjects: [(String, Tally.Subject)] = [
            ("spend", .spend), ("visits", .visits), ("sales", .sales), ("points", .points),
        ]
        let fields = try LineFields(value, called: "counts", names: subjects.map(\.0))
        var counts: [Tally.Subject: Int64] = [:]
        for (name, subject) in subjects {
            if let count = try fields.whole(name) { counts[subject] = count }
        }
        return counts
    }
}
