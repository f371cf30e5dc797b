import LedgerDB
public import LoyaltyCore

/// What the POS and the tools ask the counter for.
extension Counter {
    /// Records a sale that the POS reports; the same key gets the first answer again.
    ///
    /// - Parameter sale: The sale; without a member's code it is for the member at the till.
    /// - Returns: The decision, or that the sale waits for its member at the till.
    /// - Throws: `CounterError`, if the member or the till is unknown, or nothing is recorded.
    public func recordSale(_ sale: PosSale) async throws(CounterError) -> SaleAnswer {
        guard tills.contains(sale.till) else { throw .unknownTill }
        if sale.details.occasion != .purchase { return try await recordOccasion(sale) }
        if let code = sale.memberCode {
            let member = try await resolve(code)
            let actions = take(.saleOfMember(sale.evidence, member), till: sale.till)
            return try await perform(actions, till: sale.till)
        }
        if let earlier = try await firstAnswer(to: sale.key) { return .recorded(earlier) }
        return try await perform(take(.sale(sale.evidence), till: sale.till), till: sale.till)
    }

    /// Decides a sale without recording it; nothing is written or shown.
    ///
    /// - Parameter sale: The sale as it stands, which may still change.
    /// - Returns: What `recordSale` would answer now.
    /// - Throws: As `recordSale`.
    public func previewSale(_ sale: PosSale) async throws(CounterError) -> SaleAnswer {
        guard tills.contains(sale.till) else { throw .unknownTill }
        if sale.details.occasion != .purchase {
            let (evidence, member) = try await previewedOccasion(sale)
            return try await preview(evidence, of: member, opensVisit: false, [], till: sale.till)
        }
        var attached = member(at: sale.till)
        if let code = sale.memberCode { attached = try await resolve(code) }
        guard let member = attached else { return .waitingForMember }
        let opensVisit = !isVisitRecorded(of: member, at: sale.till)
        return try await preview(
            sale.evidence,
            of: member,
            opensVisit: opensVisit,
            wishes(of: member, at: sale.till),
            till: sale.till
        )
    }

    private func preview(
        _ evidence: SaleEvidence,
        of member: MemberNumber,
        opensVisit: Bool,
        _ wishes: [Redemption],
        till: String
    ) async throws(CounterError) -> SaleAnswer {
        let now = clock.reading()
        let trial = self.sale(
            from: evidence,
            opensVisit: opensVisit,
            till: till,
            at: now
        )
        do {
            let known = try await ledger.member(member)
            let (decided, dropped) = try await decide(
                trial,
                choosing: wishes,
                of: member,
                at: now,
                isTrial: true
            )
            let view = view(of: known, standing: decided.standing)
            return .recorded(RecordedSale(decided, view, dropped))
        } catch {
            throw CounterError(ledger: error)
        }
    }

    /// Takes back the award for a sale.
    ///
    /// - Parameter key: The sale's key.
    /// - Returns: The entry that takes it back, the same one if asked again; or why none does.
    /// - Throws: `CounterError.notRecorded`.
    public func voidSale(_ key: SaleKey) async throws(CounterError) -> VoidAnswer {
        do {
            let answer = try await ledger.void(key, at: clock.reading())
            if case .voided(let award) = answer { showVoided(award) }
            recorded()
            return VoidAnswer(answer)
        } catch {
            throw CounterError(ledger: error)
        }
    }

    /// A member as they stand.
    ///
    /// - Parameter code: A card's digits, a member number or a mobile barcode.
    /// - Returns: Their cards and points; a member this store has not heard of stands at nothing.
    /// - Throws: `CounterError`.
    public func member(code: String) async throws(CounterError) -> MemberView {
        let number = try await resolve(code)
        do {
            let known = try await ledger.member(number)
            return view(of: known, standing: known.standing)
        } catch {
            throw CounterError(ledger: error)
        }
    }

    /// The newest entries, the newest first.
    ///
    /// - Parameter countMax: How many at most.
    /// - Returns: The entries.
    /// - Throws: `CounterError.notRecorded`.
    public func recentEntries(countMax: Int) async throws(CounterError) -> [Entry] {
        do {
            return try await ledger.recent(countMax)
        } catch {
            throw CounterError(ledger: error)
        }
    }

    /// One entry of the log that grows.
    ///
    /// - Parameter sequence: Its number.
    /// - Returns: The entry; nil if the log does not hold it, or no longer.
    /// - Throws: `CounterError.notRecorded`, if the ledger cannot be read.
    public func entry(_ sequence: Int64) async throws(CounterError) -> Entry? {
        do {
            return try await ledger.entry(sequence)
        } catch {
            throw CounterError(ledger: error)
        }
    }

    /// Tells the till that still shows an award that it is taken back.
    private func showVoided(_ award: VoidedAward) {
        for till in tills where view(of: till)?.award == award.fact.sequence {
            show(.voided(entry: award.sequence), at: till)
        }
    }

    /// The answer that a sale got when it came first; nil if it was never recorded.
    ///
    /// - Parameter key: The sale's key.
    /// - Returns: The first answer, with what its member holds now.
    /// - Throws: `CounterError.notRecorded`, if the ledger cannot be read.
    public func firstAnswer(to key: SaleKey) async throws(CounterError) -> RecordedSale? {
        do {
            guard let recorded = try await ledger.answer(to: key) else { return nil }
            let known = try await ledger.member(recorded.member)
            return RecordedSale(recorded, view(of: known, standing: known.standing))
        } catch {
            throw CounterError(ledger: error)
        }
    }
}

extension VoidAnswer {
    init(_ voided: Voided) {
        switch voided {
        case .voided(let award):
            self = .voided(entry: award.sequence, postings: award.fact.postings)
        case .refused(let refusal): self = .refused(code: refusal.code)
        }
    }
}
