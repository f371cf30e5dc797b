extension UInt64 {
    /// This random number brought below a bound, each result as likely as any other.
    ///
    /// The highest numbers, too few for a whole run of `bound`, would favour the low results.
    ///
    /// - Parameter bound: At least 1.
    /// - Returns: 0 to `bound - 1`, or nil for one of the highest numbers: take another one.
    public func fairRemainder(below bound: UInt64) -> UInt64? {
        let surplus = (UInt64.max % bound + 1) % bound  // 2^64 modulo the bound
        return self <= UInt64.max - surplus ? self % bound : nil
    }
}
