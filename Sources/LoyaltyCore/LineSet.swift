/// Some lines of a basket, by their place.
struct LineSet: Hashable {
    // Four words have room for `SaleDetails.lineCountMax` places, and no memory is asked for.
    private var first: UInt64 = 0
    private var second: UInt64 = 0
    private var third: UInt64 = 0
    private var fourth: UInt64 = 0

    init() {}

    /// The first places, up to a count.
    init(upTo count: Int) {
        for place in 0..<count { insert(place) }
    }

    var isEmpty: Bool { first | second | third | fourth == 0 }

    mutating func insert(_ place: Int) {
        let bit = UInt64(1) << UInt64(place & 63)
        switch place >> 6 {
        case 0: first |= bit
        case 1: second |= bit
        case 2: third |= bit
        default: fourth |= bit
        }
    }

    mutating func remove(_ place: Int) {
        guard contains(place) else { return }
        let bit = UInt64(1) << UInt64(place & 63)
        switch place >> 6 {
        case 0: first ^= bit
        case 1: second ^= bit
        case 2: third ^= bit
        default: fourth ^= bit
        }
    }

    func contains(_ place: Int) -> Bool {
        let word =
            switch place >> 6 {
            case 0: first
            case 1: second
            case 2: third
            default: fourth
            }
        return word & (UInt64(1) << UInt64(place & 63)) != 0
    }
}
