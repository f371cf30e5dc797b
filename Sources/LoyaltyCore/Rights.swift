/// HQ's account of the rights to one asset of one member: what is free, and who holds the rest.
///
/// A right is held by exactly one holder: HQ (`free`), a device, or a grant between both. HQ takes
/// an amount from what is free before the grant exists, so no two devices ever hold the same
/// right, however often and in whatever order messages come (SYNC.md 3.3 and 3.4). Buckets never
/// mix.
public struct Rights<Holder: Hashable & Sendable>: Hashable, Sendable {
    /// What HQ holds; below zero only where an HQ that was restored had given more than it knows.
    public private(set) var free: [Bucket: Int64]
    /// What each device holds, as far as HQ has its log; below zero where HQ kept an award without
    /// effect that the device has spent.
    public private(set) var held: [Holder: [Bucket: Int64]]
    /// What has left HQ and is in no device's log yet.
    public private(set) var inFlight: [GrantID: Flight]

    /// A grant that HQ has not seen accepted.
    public struct Flight: Hashable, Sendable {
        /// For whom.
        public let holder: Holder
        /// How much.
        public let amounts: [Bucket: Int64]

        /// Creates a flight.
        public init(holder: Holder, amounts: [Bucket: Int64]) {
            self.holder = holder
            self.amounts = amounts
        }
    }

    /// Creates an account.
    public init(
        free: [Bucket: Int64] = [:],
        held: [Holder: [Bucket: Int64]] = [:],
        inFlight: [GrantID: Flight] = [:]
    ) {
        self.free = free
        self.held = held
        self.inFlight = inFlight
    }

    /// What the member has, whoever holds it; nil if it is more than can be counted.
    public var total: Int64? {
        let amounts =
            Array(free.values) + held.values.flatMap(\.values)
            + inFlight.values.flatMap(\.amounts.values)
        // What is below zero first: the sum of the rest then overflows only if the total does.
        return amounts.sorted().reduce(0) { sum, amount in
            guard let (next, isOver) = sum?.addingReportingOverflow(amount), !isOver
            else { return nil }
            return next
        }
    }

    /// How much of a bucket HQ can place: what a device has spent beyond its own is not there.
    public func available(in bucket: Bucket) -> Int64 {
        let owed = held.values.compactMap { $0[bucket] }.filter { $0 < 0 }.reduce(0, +)
        return max(0, (free[bucket] ?? 0) + owed)
    }

    /// Makes new rights, which HQ holds.
    ///
    /// - Parameters:
    ///   - amount: How many, at least 1.
    ///   - bucket: When they can be used.
    /// - Throws: `RightsError.tooMany`; nothing changed then.
    public mutating func mint(_ amount: Int64, _ bucket: Bucket) throws(RightsError) {
        guard amount >= 1, let total, !total.addingReportingOverflow(amount).overflow
        else { throw .tooMany }
        free[bucket, default: 0] += amount
    }

    /// Takes an amount from what is free, nearest expiry first, for a grant to a device.
    ///
    /// - Parameters:
    ///   - amount: How many, at least 1.
    ///   - holder: For whom.
    ///   - id: The grant's name, which no other grant has.
    ///   - date: What has expired by then is not placed.
    /// - Returns: What the grant says, bucket by bucket.
    /// - Throws: `RightsError.notEnough`; nothing changed then.
    public mutating func place(
        _ amount: Int64,
        at holder: Holder,
        as id: GrantID,
        on date: BusinessDate
    ) throws(RightsError) -> [(bucket: Bucket, amount: Int64)] {
        var parts: [(bucket: Bucket, amount: Int64)] = []
        var missing = amount
        for bucket in free.keys.sorted() where missing > 0 && !bucket.hasExpired(on: date) {
            let taken = min(missing, available(in: bucket))
            guard taken > 0 else { continue }
            parts.append((bucket, taken))
            missing -= taken
        }
        guard amount >= 1, missing == 0 else { throw .notEnough(available: amount - missing) }
        for part in parts { free[part.bucket, default: 0] -= part.amount }
        let amounts = Dictionary(uniqueKeysWithValues: parts.map { ($0.bucket, $0.amount) })
        inFlight[id] = Flight(holder: holder, amounts: amounts)
        return parts
    }

    /// Books that a device has accepted a grant; once it has, the same again changes nothing.
    public mutating func accept(_ id: GrantID, by holder: Holder) {
        guard let flight = inFlight[id], flight.holder == holder else { return }
        inFlight[id] = nil
        for (bucket, amount) in flight.amounts {
            held[holder, default: [:]][bucket, default: 0] += amount
        }
    }

    /// Books a grant that a device accepted and HQ, restored, has forgotten: it is taken from what
    /// is free, also where that is not there any more.
    public mutating func adopt(_ amounts: [Bucket: Int64], by holder: Holder) {
        for (bucket, amount) in amounts {
            free[bucket, default: 0] -= amount
            held[holder, default: [:]][bucket, default: 0] += amount
        }
    }

    /// Books what a device's log says that moved.
    ///
    /// - Returns: Whether it could be; if not, nothing changed.
    public mutating func book(_ change: Int64, _ bucket: Bucket, of holder: Holder) -> Bool {
        let others = {
            held.filter { $0.key != holder }.values.compactMap { $0[bucket] }.reduce(0, +)
                + (free[bucket] ?? 0)
                + inFlight.values.compactMap { $0.amounts[bucket] }.reduce(0, +)
        }
        let before = held[holder]?[bucket] ?? 0
        guard let after = RightsRule.held(before, after: change, besides: others)
        else { return false }
        held[holder, default: [:]][bucket] = after
        return true
    }

    /// Books that a device gave rights back to HQ.
    ///
    /// - Returns: Whether it held as many; if not, nothing changed.
    public mutating func giveBack(_ amount: Int64, _ bucket: Bucket, by holder: Holder) -> Bool {
        guard amount >= 1, let before = held[holder]?[bucket], before >= amount
        else { return false }
        held[holder, default: [:]][bucket] = before - amount
        free[bucket, default: 0] += amount
        return true
    }
}

/// What books of rights and HQ's own tables decide alike.
public enum RightsRule {
    /// What a device holds after its log moved an amount.
    ///
    /// A device may spend more than HQ knows it to hold, where HQ kept one of its awards without
    /// effect, as long as the member has as much at all.
    ///
    /// - Parameters:
    ///   - before: What HQ has booked as held.
    ///   - change: What moves.
    ///   - others: What the member has of the bucket beside that.
    /// - Returns: The amount, or nil if that cannot be.
    public static func held(
        _ before: Int64,
        after change: Int64,
        besides others: () throws -> Int64
    ) rethrows -> Int64? {
        let (sum, isOver) = before.addingReportingOverflow(change)
        guard !isOver else { return nil }
        if sum >= 0 || change >= 0 { return sum }
        let (total, isTotalOver) = sum.addingReportingOverflow(try others())
        return !isTotalOver && total >= 0 ? sum : nil
    }

    /// What a grant that stands in a device's log means for HQ's books.
    ///
    /// - Parameters:
    ///   - fact: What the log says.
    ///   - known: What HQ's books have of the grant's name; nil for nothing.
    ///   - isSigned: Whether HQ's key signed the grant for this device.
    /// - Returns: What to do.
    public static func verdict(
        on fact: GrantFact,
        known: KnownGrant?,
        isSigned: () -> Bool
    ) -> GrantVerdict {
        guard let known else { return isSigned() ? .adopt : .refuse }
        guard known.isForThisDevice, known.member == fact.member,
            Set(known.postings) == Set(fact.postings)
        else { return .refuse }
        return known.isAccepted ? .pass : .accept
    }
}

/// What HQ's books have of a grant that a device says it accepted.
public struct KnownGrant: Hashable, Sendable {
    /// Whether it was placed on the device that says so.
    public let isForThisDevice: Bool
    /// Whether the device's log said so before.
    public let isAccepted: Bool
    /// Whose rights.
    public let member: MemberNumber
    /// Which.
    public let postings: [Posting]

    /// Creates it.
    public init(
        isForThisDevice: Bool,
        isAccepted: Bool,
        member: MemberNumber,
        postings: [Posting]
    ) {
        self.isForThisDevice = isForThisDevice
        self.isAccepted = isAccepted
        self.member = member
        self.postings = postings
    }
}

/// What becomes of a grant that a device says it accepted.
public enum GrantVerdict: Hashable, Sendable {
    /// It is in flight no more: the device holds it.
    case accept
    /// It was booked before.
    case pass
    /// HQ signed it and has forgotten it: it counts, and is taken from what is free.
    case adopt
    /// HQ never gave it to this device, or gave something else.
    case refuse
}

/// Why rights are not made or placed.
public enum RightsError: Error, Equatable {
    /// HQ holds fewer; this many it can place.
    case notEnough(available: Int64)
    /// The member would have more than can be counted, or the amount is not above zero.
    case tooMany
}
