import LedgerDB
import Logging
import LoyaltyCore

extension Counter {
    /// Does what a till's session said, and shows each answer after the ledger gave it.
    ///
    /// - Returns: What became of the sale among the actions, if there was one.
    /// - Throws: `CounterError.notRecorded`; the display shows it by then.
    func perform(
        _ actions: [TillSession.Action],
        till: String
    ) async throws(CounterError) -> SaleAnswer {
        var answer = SaleAnswer.waitingForMember
        for action in actions {
            switch action {
            case .recordVisit(let member):
                let key = makeKey(for: .visit, till: till)
                let visit = SaleEvidence(key: key, kind: .visit, amount: nil)
                answer = try await record(visit, of: member, opensVisit: true, [], till: till)
            case .recordSale(let member, let evidence, let opensVisit, let wishes):
                answer = try await record(
                    evidence,
                    of: member,
                    opensVisit: opensVisit,
                    wishes,
                    till: till
                )
            case .showMember(let member): try await showMember(member, till: till)
            case .askForMember(let evidence):
                show(.waitingForMember, amount: evidence.amount, at: till)
            case .askForLeftHalf: show(.waitingForLeftHalf, at: till)
            case .voidLast: try await voidLast(till: till)
            case .conceal: show(.concealed, at: till)
            case .clear: show(.idle, at: till)
            case .dropSale:
                logger.notice("sale left without a member", metadata: ["till": "\(till)"])
            }
        }
        return answer
    }

    /// Records a sale for a member: on disk first, then on the display.
    private func record(
        _ evidence: SaleEvidence,
        of member: MemberNumber,
        opensVisit: Bool,
        _ wishes: [Redemption],
        till: String
    ) async throws(CounterError) -> SaleAnswer {
        let now = clock.reading()
        var sale = sale(from: evidence, opensVisit: opensVisit, till: till, at: now)
        if programme.hasInstantWins { sale.details.luck = .random(in: .min ... .max) }
        do {
            let known = try await ledger.member(member)
            let (recorded, dropped) = try await decide(
                sale,
                choosing: wishes,
                of: member,
                at: now,
                isTrial: false
            )
            let view = view(of: known, standing: recorded.standing)
            let answer = RecordedSale(recorded, view, dropped)
            let offers = await offers(to: member, till: till)
            show(answer, amount: sale.amount, offers: offers, at: till)
            self.recorded()
            return .recorded(answer)
        } catch LedgerError.approvalUsed {
            throw .notApproved(.codeUsed)
        } catch {
            throw notRecorded(error, till: till)
        }
    }

    private func showMember(_ member: MemberNumber, till: String) async throws(CounterError) {
        do {
            let known = try await ledger.member(member)
            let view = view(of: known, standing: known.standing)
            let offers = await offers(to: member, till: till)
            show(.memberAttached, member: view, offers: offers, at: till)
        } catch {
            throw notRecorded(error, till: till)
        }
    }

    private func voidLast(till: String) async throws(CounterError) {
        do {
            switch VoidAnswer(try await ledger.voidLast(till: till, at: clock.reading())) {
            case .voided(let entry, _): show(.voided(entry: entry), at: till)
            case .refused(let code): show(.refused(code: code, detail: [:]), at: till)
            }
            recorded()
        } catch {
            throw notRecorded(error, till: till)
        }
    }

    /// Tells the sync service and the followers of the status that the log may have grown.
    func recorded() {
        recordings.fire()
        statusChanges.fire()
    }

    /// Shows a decided sale.
    func show(
        _ recorded: RecordedSale,
        amount: Int64?,
        offers: [RewardOffer] = [],
        at till: String
    ) {
        let phase: TillView.Phase =
            switch recorded.decision {
            case .award: .award
            case .refusal(let refusal): .refused(code: refusal.code, detail: refusal.detail)
            }
        show(
            phase,
            member: recorded.member,
            recorded: recorded,
            amount: amount,
            offers: offers,
            at: till
        )
    }

    /// Shows that nothing was recorded, and why.
    func show(_ error: CounterError, at till: String) {
        guard case .notRecorded(let code, _) = error else { return }
        show(.notRecorded(code: code), at: till)
    }

    /// The sale that evidence is at a till, now.
    func sale(
        from evidence: SaleEvidence,
        opensVisit: Bool,
        till: String,
        at reading: ClockReading
    ) -> Sale {
        let open = BusinessDate.open(at: reading, in: programme.calendar)
        var sale = Sale(
            key: evidence.key,
            evidence: evidence.kind,
            amount: evidence.amount,
            businessDate: evidence.businessDate ?? open.date,
            otherDate: evidence.businessDate == nil ? open.other : nil,
            opensVisit: opensVisit,
            till: till,
            receipt: evidence.receipt,
            details: evidence.details
        )
        if programme.readsStore(for: sale) { sale.details.store = settings.store }
        return sale
    }

    /// A member's cards and points under the programme in force.
    func view(of known: MemberRecord, standing: Standing) -> MemberView {
        MemberView(
            number: known.number,
            maskedName: known.maskedName,
            isBlocked: standing.isBlocked,
            cards: programme.cards.map {
                CardView(card: $0, stamps: standing.balance(of: $0.asset))
            },
            points: standing.balance(of: .points)
        )
    }

    /// What the ledger's error means at the counter; the till starts anew and shows it.
    func notRecorded(_ error: any Error, till: String) -> CounterError {
        _ = take(.recordingFailed, till: till)
        let failure = CounterError(ledger: error)
        show(failure, at: till)
        statusChanges.fire()
        return failure
    }
}

extension CounterError {
    /// What an error of the ledger means at the counter.
    init(ledger error: any Error) {
        self = .notRecorded(code: (error as? LedgerError)?.code ?? "failed", detail: "\(error)")
    }
}

extension LedgerError {
    /// The stable name of why nothing was recorded, for the API and for string tables.
    var code: String {
        switch self {
        case .diskFull: "disk-full"
        case .readOnly: "read-only"
        case .damaged: "damaged"
        case .ioError: "io-error"
        case .closed: "closed"
        default: "failed"
        }
    }
}

extension RecordedSale {
    init(_ recorded: Recorded, _ member: MemberView, _ dropped: [DroppedReward] = []) {
        self.init(
            decision: recorded.decision,
            entry: recorded.sequence,
            member: member,
            isRepeat: recorded.isRepeat,
            dropped: dropped
        )
    }
}

extension Refusal {
    /// What fills the refusal's words.
    var detail: [String: String] {
        switch self {
        case .programmeNotInForce(let first, let last):
            ["from": first.description, "through": last.description]
        case .visitAlreadyStamped(.hours(let hours)): ["hours": String(hours)]
        case .visitAlreadyStamped(.businessDay): ["day": "1"]
        case .amountAboveMax(let amount): ["max": String(amount)]
        case .amountTooSmall(let least): ["least": String(least)]
        case .receiptTooOld(let days): ["days": String(days)]
        case .rewardUnknown(let reward), .rewardUnavailable(let reward): ["reward": reward]
        case .notEnough(let asset, let needed, let held):
            ["asset": asset.name, "needed": String(needed), "held": String(held)]
        default: [:]
        }
    }
}
