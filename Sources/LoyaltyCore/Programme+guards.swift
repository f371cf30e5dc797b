extension Programme {
    /// What bars a sale before any rule is asked, or nil.
    func bar(_ standing: Standing, _ sale: Sale, at moment: Moment) -> Refusal? {
        if standing.isBlocked { return .memberBlocked }
        guard
            (firstDate...lastDate).contains(sale.businessDate)
                || !isReliable(sale.businessDate, at: moment)
        else { return .programmeNotInForce(firstDate: firstDate, lastDate: lastDate) }
        if let amount = sale.amount {
            if amount < 0 { return .amountNegative }
            if amount > saleAmountMax { return .amountAboveMax(saleAmountMax) }
        }
        if let refusal = bar(standing, sale.details, on: sale.businessDate) { return refusal }
        return sale.receipt.flatMap { bar($0, of: sale, at: moment) }
    }

    /// What is wrong with what the POS tells, or nil.
    private func bar(
        _ standing: Standing,
        _ details: SaleDetails,
        on date: BusinessDate
    ) -> Refusal? {
        if let other = details.currency, other != currency { return .currencyOther(other) }
        if details.lines.count > SaleDetails.lineCountMax {
            return .tooMany(SaleDetails.lineCountMax)
        }
        if max(details.codes.count, details.redemptions.count) > SaleDetails.wishCountMax {
            return .tooMany(SaleDetails.wishCountMax)
        }
        guard details.orderDiscount >= 0, details.paidWithPoints >= 0, details.untaxed ?? 0 >= 0
        else { return .amountNegative }
        if details.isCashiersOwn, !cashiersEarn { return .saleOfCashier }
        for cap in saleCaps where details.occasion == .purchase {
            let tally = cap.tally(.sales, details.cashier ?? "", date)
            if standing.tallies[tally] ?? 0 >= cap.max { return .tooOften(cap.scope) }
        }
        return bar(standing, details.occasion, isApproved: details.isApproved, on: date)
    }

    private func bar(
        _ standing: Standing,
        _ occasion: Occasion,
        isApproved: Bool,
        on date: BusinessDate
    ) -> Refusal? {
        switch occasion {
        case .checkIn: standing.streak(on: date) == 0 ? .alreadyCheckedIn : nil
        case .vote(let id, _):
            standing.tallies[Tally(.vote(id))] ?? 0 > 0 ? .alreadyVoted : nil
        case .recovery(_, let reason):
            reason.isEmpty || !isApproved ? .recoveryNotApproved : nil
        case .purchase, .join, .topUp, .survey, .referral, .birthday: nil
        }
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
    func holds(
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
    func isReliable(_ date: BusinessDate, at moment: Moment) -> Bool {
        moment.quality != .floor || date != BusinessDate(at: moment.wall, in: calendar)
    }
}
