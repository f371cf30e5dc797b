extension Programme {
    /// What the passing of time moves: what has expired lapses, after its full blocks became what
    /// the programme promised for them.
    ///
    /// - Parameters:
    ///   - standing: What the ledger knows of the member.
    ///   - date: The business date that has come.
    /// - Returns: What moves; nil if nothing does.
    public func expire(_ standing: Standing, on date: BusinessDate) -> Award? {
        var postings: [Posting] = []
        var steps: [DerivationStep] = []
        var purse = Purse([], on: date)
        for holding in standing.holdings where holding.bucket.hasExpired(on: date) {
            postings.append(Posting(holding.asset, holding.bucket, -holding.amount))
            var left = holding.amount
            if let conversion = assets.first(where: { $0.asset == holding.asset })?.conversion {
                let blocks = holding.amount / conversion.block
                let (amount, overflow) = blocks.multipliedReportingOverflow(by: conversion.amount)
                if blocks > 0, !overflow {
                    // Allowed: what cannot be counted is not converted, and lapses below.
                    try? give(amount, conversion.asset, from: nil, &purse, &steps)
                    steps.append(
                        DerivationStep(
                            .converted,
                            holding.asset.name,
                            conversion.asset,
                            [blocks, amount]
                        )
                    )
                    left -= blocks * conversion.block
                }
            }
            if left > 0 {
                steps.append(
                    DerivationStep(.lapsed, holding.asset.name, holding.asset, [left])
                )
            }
        }
        guard !postings.isEmpty else { return nil }
        return Award(postings: postings + purse.postings, derivation: steps)
    }
}
