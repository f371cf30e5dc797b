public import LoyaltyCore

/// What changes for members if one programme takes another's place.
public struct ReplayDifference: Sendable {
    /// How many inputs are answered differently.
    public private(set) var count: Int64 = 0
    /// The first of them.
    public private(set) var first: [Answers] = []

    /// Most inputs that are listed.
    ///
    /// Source: our own bound; enough to see why, and few enough to read.
    public static let firstCountMax = 10

    /// One input's two answers.
    public struct Answers: Sendable {
        /// The line of the input.
        public let line: Int
        /// By the programme that is tried.
        public let tried: ReplayAnswer
        /// By the programme it is compared with.
        public let other: ReplayAnswer
    }

    /// Creates an empty difference.
    public init() {}

    /// Takes note of both answers to an input.
    ///
    /// - Returns: Whether they differ in what is decided, moved or due, by themselves or in what
    ///   followed from the input.
    @discardableResult
    public mutating func note(
        line: Int,
        _ tried: ReplayAnswer,
        against other: ReplayAnswer
    ) -> Bool {
        guard tried.effect != other.effect else { return false }
        count += 1
        if first.count < Self.firstCountMax {
            first.append(Answers(line: line, tried: tried, other: other))
        }
        return true
    }

    /// The difference of both programmes' summaries as a JSON object: tried less other.
    public func json(_ tried: ReplaySummary, against other: ReplaySummary) -> CanonicalJSON {
        let assets = Set(tried.assets.keys).union(other.assets.keys).sorted()
        return [
            "inputs": .integer(count),
            "first": .array(first.map(\.json)),
            "assets": .object(
                assets.map { .init($0.name, Self.json($0, tried, against: other)) }
            ),
            "cost": .integer(tried.cost &- other.cost),
            "liability": .integer(tried.totalLiability &- other.totalLiability),
            "sold": .integer(tried.sold &- other.sold),
        ]
    }

    private static func json(
        _ asset: Asset,
        _ tried: ReplaySummary,
        against other: ReplaySummary
    ) -> CanonicalJSON {
        let amounts = (tried.assets[asset] ?? .init()).named
        let others = (other.assets[asset] ?? .init()).named
        var members = zip(amounts, others).map { amount, other in
            CanonicalJSON.Member(amount.name, .integer(amount.amount &- other.amount))
        }
        let liability = (tried.liability(of: asset) ?? 0) &- (other.liability(of: asset) ?? 0)
        members.append(.init("liability", .integer(liability)))
        return .object(members)
    }

    /// The difference as lines for people.
    public func lines(_ tried: ReplaySummary, against other: ReplaySummary) -> [String] {
        var lines = ["\(count) inputs are answered differently"]
        for answers in first {
            lines.append(
                "  line \(answers.line), \(answers.tried.key): \(answers.tried.glance), before"
                    + " \(answers.other.glance)"
            )
        }
        for asset in Set(tried.assets.keys).union(other.assets.keys).sorted() {
            let amounts = (tried.assets[asset] ?? .init()).named
            let others = (other.assets[asset] ?? .init()).named
            let changes = zip(amounts, others).filter { $0.amount != $1.amount }.map {
                "\($0.name) \(Self.signed($0.amount &- $1.amount))"
            }
            if !changes.isEmpty {
                lines.append("\(asset.name): \(changes.joined(separator: ", "))")
            }
        }
        lines.append(
            "cost of rewards \(Self.signed(tried.cost &- other.cost)), liability"
                + " \(Self.signed(tried.totalLiability &- other.totalLiability))"
        )
        return lines
    }

    private static func signed(_ number: Int64) -> String {
        number > 0 ? "+\(number)" : "\(number)"
    }
}

extension ReplayDifference.Answers {
    fileprivate var json: CanonicalJSON {
        [
            "line": .integer(Int64(line)), "key": .string(tried.key),
            "tried": tried.effectJSON, "other": other.effectJSON,
        ]
    }
}

extension ReplayAnswer {
    /// What an answer does, whatever words it has for it.
    fileprivate struct Effect: Equatable {
        let reason: String?
        let postings: [Posting]
        let due: Int64?
        let derived: [Effect]
    }

    fileprivate var effect: Effect {
        Effect(
            reason: reason,
            postings: postings,
            due: due,
            derived: derived.map(\.effect).filter { !$0.postings.isEmpty }
        )
    }

    private var reason: String? {
        if case .refusal(let refusal) = outcome { refusal.code } else { nil }
    }

    private var due: Int64? {
        if case .award(let award) = outcome { award.due } else { nil }
    }

    fileprivate var effectJSON: CanonicalJSON {
        if let reason { return ["decision": "refusal", "reason": .string(reason)] }
        return [
            "decision": "award", "postings": .array(postings.map(\.replayJSON)),
            "due": due.map { .integer($0) } ?? .null,
        ]
    }

    /// The answer in a few words.
    fileprivate var glance: String {
        if let reason { return "refused (\(reason))" }
        guard !postings.isEmpty else { return "nothing" }
        return postings.map { posting in
            "\(posting.amount > 0 ? "+" : "")\(posting.amount) \(posting.asset.name)"
        }.joined(separator: " ")
    }
}
