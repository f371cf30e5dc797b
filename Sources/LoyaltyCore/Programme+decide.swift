extension Programme {
    /// Decides what a sale earns.
    ///
    /// Pure: the same inputs always give the same decision. Order: what bars the sale, then the
    /// cards, then the point rules, each in the programme's order; points are floored once per
    /// rule and sale.
    ///
    /// - Parameters:
    ///   - standing: What the ledger knows of the member.
    ///   - sale: What was bought, and how the till knows.
    ///   - moment: When the till came to know, by every clock.
    /// - Returns: An award with at least one posting, or the reason there is none.
    public func decide(_ standing: Standing, _ sale: Sale, at moment: Moment) -> Decision {
        if let refusal = bar(standing, sale, at: moment) { return .refusal(refusal) }

        var steps: [DerivationStep] = []
        for card in cards where card.counts(sale) {
            let isGuarded = holds(
                card.doubleGrantGuard,
                after: standing.lastVisits[card.id],
                sale,
                at: moment
            )
            steps.append(card.step(isGuarded: isGuarded))
        }
        if let amount = sale.amount {
            for rule in pointRules where rule.isInForce(on: sale.businessDate) {
                guard let step = rule.step(for: amount) else { return .refusal(.overflow) }
                steps.append(step)
            }
        }
        guard let postings = postings(of: steps) else { return .refusal(.overflow) }
        guard !postings.isEmpty else { return .refusal(refusal(for: steps, sale)) }
        return .award(Award(postings: postings, derivation: steps))
    }

    /// What bars a sale before any rule is asked, or nil.
    private func bar(_ standing: Standing, _ sale: Sale, at moment: Moment) -> Refusal? {
        if standing.isBlocked { return .memberBlocked }
        guard
            (firstDate...lastDate).contains(sale.businessDate)
                || !isReliable(sale.businessDate, at: moment)
        else { return .programmeNotInForce(firstDate: firstDate, lastDate: lastDate) }
        if let amount = sale.amount {
            if amount < 0 { return .amountNegative }
            if amount > saleAmountMax { return .amountAboveMax(saleAmountMax) }
        }
        return sale.receipt.flatMap { bar($0, of: sale, at: moment) }
    }

    /// What is wrong with a receipt, or nil.
    ///
    /// Its age is judged only by a clock that can be trusted: a dead battery must not cost a
    /// customer the points.
    private func bar(_ receipt: Receipt, of sale: Sale, at moment: Moment) -> Refusal? {
        guard receipts.sellerIDs.isEmpty || receipts.sellerIDs.contains(receipt.sellerID)
        else { return .receiptOfOtherSeller }
        guard moment.quality != .floor else { return nil }
        let ageDays = Int64(sale.businessDate.dayNumber) - Int64(receipt.date.dayNumber)
        // A day that turns after midnight puts a receipt of the small hours one date ahead.
        if ageDays < -1 { return .receiptFromFuture }
        return ageDays > receipts.ageDaysMax ? .receiptTooOld(daysMax: receipts.ageDaysMax) : nil
    }

    /// The postings that steps amount to, one for each asset; nil on overflow.
    private func postings(of steps: [DerivationStep]) -> [Posting]? {
        var postings: [Posting] = []
        var points: Int64 = 0
        for step in steps {
            switch step {
            case .visitStamped(let card, let stamps):
                postings.append(Posting(.stamps(ofCard: card), .never, stamps))
            case .amountEarned(_, _, _, _, let earned):
                let (sum, overflow) = points.addingReportingOverflow(earned)
                if overflow { return nil }
                points = sum
            case .visitGuarded, .amountTooSmall: continue
            }
        }
        return points > 0 ? postings + [Posting(.points, .never, points)] : postings
    }

    /// Why steps without a posting earn nothing: the guard before the amount.
    private func refusal(for steps: [DerivationStep], _ sale: Sale) -> Refusal {
        for case .visitGuarded(_, let doubleGrantGuard) in steps {
            return .visitAlreadyStamped(guard: doubleGrantGuard)
        }
        if sale.amount == nil { return .amountMissing }
        return .amountTooSmall(least: pointRules.map(\.per).min() ?? 0)
    }
}

extension StampCard {
    /// Whether a sale can be a visit that this card stamps.
    fileprivate func counts(_ sale: Sale) -> Bool {
        needsSale ? sale.evidence != .visit : sale.opensVisit
    }

    /// Stamps a visit, unless the guard holds it for one already stamped.
    fileprivate func step(isGuarded: Bool) -> DerivationStep {
        isGuarded
            ? .visitGuarded(card: id, guard: doubleGrantGuard)
            : .visitStamped(card: id, stamps: stampsPerVisit)
    }
}

extension Programme {
    /// How long after a stamp a second one counts as of the same day where nobody knows the day.
    ///
    /// Source: our own bound; shorter than a night in which the shop is closed, and long enough
    /// that scanning again earns nothing.
    static let unknownDayMs: Int64 = 6 * 3_600_000

    /// Whether a sale belongs to a visit already stamped.
    ///
    /// Clocks that contradict each other open a new visit: a customer must not lose a stamp
    /// because the till's battery died.
    private func holds(
        _ doubleGrantGuard: DoubleGrantGuard,
        after last: Visit?,
        _ sale: Sale,
        at moment: Moment
    ) -> Bool {
        guard let last else { return false }
        switch doubleGrantGuard {
        case .none: return false
        case .businessDay:
            if isReliable(last.businessDate, at: last.at), isReliable(sale.businessDate, at: moment)
            {
                return last.businessDate == sale.businessDate
            }
            guard last.at.boot == moment.boot, let elapsedMs = moment.elapsedMs(since: last.at)
            else { return false }
            return elapsedMs < Self.unknownDayMs
        case .hours(let hours):
            guard let elapsedMs = moment.elapsedMs(since: last.at) else { return false }
            // The minute in which the hours end is allowed (oracle row P29).
            return elapsedMs / 60_000 < hours * 60
        }
    }

    /// Whether a day of trade is known: it came with the sale, or from a clock that may be right.
    private func isReliable(_ date: BusinessDate, at moment: Moment) -> Bool {
        moment.quality != .floor || date != BusinessDate(at: moment.wall, in: calendar)
    }
}

extension PointRule {
    fileprivate func isInForce(on date: BusinessDate) -> Bool {
        (firstDate.map { $0 <= date } ?? true) && (lastDate.map { date <= $0 } ?? true)
    }

    /// What an amount earns under this rule; nil on overflow.
    fileprivate func step(for amount: Int64) -> DerivationStep? {
        let (points, overflow) = (amount / per).multipliedReportingOverflow(by: give)
        if overflow { return nil }
        return points > 0
            ? .amountEarned(rule: id, amount: amount, per: per, give: give, points: points)
            : .amountTooSmall(rule: id, amount: amount, per: per)
    }
}
