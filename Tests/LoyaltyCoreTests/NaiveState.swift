import LoyaltyCore

/// An asset's amounts that can be used through the same date.
struct NaivePlace: Hashable, Comparable, CustomStringConvertible {
    let asset: String
    let bucket: Bucket

    var description: String { "\(asset) \(bucket)" }

    static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.asset == rhs.asset ? lhs.bucket < rhs.bucket : lhs.asset < rhs.asset
    }
}

/// What the second engine remembers of a member: counts are looked up by sentences.
struct NaiveMember {
    var isBlocked = false
    var holdings: [NaivePlace: Int64] = [:]
    var counts: [String: Int64] = [:]
    var debts: [String: Int64] = [:]
    var visits: [String: Visit] = [:]
    var profile = Profile()

    func held(_ asset: String) -> Int64 {
        holdings.filter { $0.key.asset == asset }.map(\.value).reduce(0, +)
    }

    func usable(_ asset: String, on date: BusinessDate) -> Int64 {
        holdings.filter { $0.key.asset == asset && $0.key.bucket.isUsable(on: date) }
            .map(\.value).reduce(0, +)
    }
}

/// What the second engine answers.
struct NaiveAnswer: Equatable {
    /// The refusal's code; nil for an award.
    var refusal: String?
    var plus: [NaivePlace: Int64] = [:]
    var minus: [NaivePlace: Int64] = [:]
    var due: Int64?
    /// `reward count cost value`, in the order of the wishes.
    var redeemed: [String] = []
    /// What is owed beside the postings, by asset; below zero what was repaid.
    var owed: [String: Int64] = [:]

    static func refused(_ code: String) -> Self { Self(refusal: code) }

    mutating func give(_ asset: String, _ bucket: Bucket, _ amount: Int64) {
        if amount > 0 { plus[NaivePlace(asset: asset, bucket: bucket), default: 0] += amount }
    }

    mutating func take(_ asset: String, _ bucket: Bucket, _ amount: Int64) {
        if amount > 0 { minus[NaivePlace(asset: asset, bucket: bucket), default: 0] += amount }
    }

    /// What there is of an asset after the holdings before it and all that was posted so far.
    func left(of member: NaiveMember) -> [NaivePlace: Int64] {
        var left = member.holdings
        for (place, amount) in plus { left[place, default: 0] += amount }
        for (place, amount) in minus { left[place, default: 0] -= amount }
        return left.filter { $0.value != 0 }
    }
}
