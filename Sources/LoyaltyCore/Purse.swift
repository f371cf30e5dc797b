/// What a member holds while a decision is made, and what the decision has moved so far.
struct Purse {
    /// The day on which amounts must be usable.
    let date: BusinessDate
    private(set) var holdings: [Posting]
    /// What was moved, one for each asset, bucket and direction, in the order of the first moves.
    private(set) var postings: [Posting] = []

    init(_ holdings: [Posting], on date: BusinessDate) {
        self.holdings = holdings
        self.date = date
    }

    /// How much of an asset can be spent today.
    func usable(_ asset: Asset) -> Int64 {
        holdings.reduce(0) { sum, holding in
            guard holding.asset == asset, holding.bucket.isUsable(on: date) else { return sum }
            let (next, overflow) = sum.addingReportingOverflow(holding.amount)
            return overflow ? .max : next
        }
    }

    /// Adds an amount.
    mutating func earn(_ amount: Int64, _ asset: Asset, _ bucket: Bucket) throws(Refusal) {
        if amount > 0 { try move(amount, asset, bucket) }
    }

    /// Takes an amount away, nearest expiry first.
    mutating func spend(_ amount: Int64, _ asset: Asset) throws(Refusal) {
        let held = usable(asset)
        guard held >= amount else { throw .notEnough(asset, needed: amount, held: held) }
        try take(amount, asset) { [date] in $0.isUsable(on: date) }
    }

    /// Takes as much of an amount as there is in some buckets, nearest expiry first.
    ///
    /// - Returns: What was taken.
    @discardableResult
    mutating func take(
        _ amount: Int64,
        _ asset: Asset,
        from isAllowed: (Bucket) -> Bool
    ) throws(Refusal) -> Int64 {
        guard amount > 0 else { return 0 }
        var left = amount
        let buckets = holdings.filter { $0.asset == asset && isAllowed($0.bucket) }
            .sorted { $0.bucket < $1.bucket }
        for holding in buckets where left > 0 {
            let part = min(left, holding.amount)
            try move(-part, asset, holding.bucket)
            left -= part
        }
        return amount - left
    }

    /// What was moved into buckets of an asset, by bucket.
    func earned(_ asset: Asset) -> [Posting] {
        postings.filter { $0.asset == asset && $0.amount > 0 }
    }

    private mutating func move(
        _ amount: Int64,
        _ asset: Asset,
        _ bucket: Bucket
    ) throws(Refusal) {
        try Self.add(amount, asset, bucket, to: &holdings) { _ in true }
        holdings.removeAll { $0.amount == 0 }
        try Self.add(amount, asset, bucket, to: &postings) { ($0.amount > 0) == (amount > 0) }
    }

    private static func add(
        _ amount: Int64,
        _ asset: Asset,
        _ bucket: Bucket,
        to list: inout [Posting],
        where isSame: (Posting) -> Bool
    ) throws(Refusal) {
        let index = list.firstIndex {
            $0.asset == asset && $0.bucket == bucket && isSame($0)
        }
        guard let index else {
            // What comes stands before what goes from the same bucket, so that whoever applies the
            // postings one by one never falls below zero.
            let first = list.firstIndex { $0.asset == asset && $0.bucket == bucket }
            list.insert(
                Posting(asset, bucket, amount),
                at: amount > 0 ? first ?? list.count : list.count
            )
            return
        }
        let (sum, overflow) = list[index].amount.addingReportingOverflow(amount)
        guard !overflow else { throw .overflow }
        list[index] = Posting(asset, bucket, sum)
    }
}

/// The counts that a decision changes.
struct TallyChanges {
    private(set) var changes: [TallyChange] = []
    private let before: [Tally: Int64]

    init(_ before: [Tally: Int64]) {
        self.before = before
    }

    /// A count as it stands now.
    subscript(tally: Tally) -> Int64 {
        let count = before.isEmpty ? 0 : before[tally] ?? 0
        return changes.first { $0.tally == tally }.map { count &+ $0.amount } ?? count
    }

    mutating func add(_ amount: Int64, to tally: Tally) throws(Refusal) {
        guard amount != 0 else { return }
        let (_, isTooLarge) = self[tally].addingReportingOverflow(amount)
        guard !isTooLarge else { throw .overflow }
        if let index = changes.firstIndex(where: { $0.tally == tally }) {
            changes[index] = TallyChange(tally, changes[index].amount &+ amount)
        } else {
            changes.append(TallyChange(tally, amount))
        }
    }

    mutating func set(_ tally: Tally, to count: Int64) throws(Refusal) {
        try add(count &- self[tally], to: tally)
    }
}
