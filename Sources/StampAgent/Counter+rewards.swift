import LedgerDB
import Logging
import LoyaltyCore

/// What a member wants to redeem at a till, before a sale and without one.
extension Counter {
    /// Chooses how much of a reward the member at the till wants; the sale that follows has it.
    ///
    /// Nothing is recorded. The till then shows what is chosen, or why the reward cannot be had.
    ///
    /// - Parameters:
    ///   - choice: How much; more than can be had is as much as can be had.
    ///   - reward: The reward of the programme.
    ///   - till: The till.
    public func choose(_ choice: RewardChoice, of reward: String, till: String) async {
        guard let member = memberToChoose(at: till) else { return }
        if choice.isNone {
            return await handle(.drop(reward: reward, of: member), till: till)
        }
        guard let offered = await offered(to: member, till: till) else { return }
        guard let offer = offered.offers.first(where: { $0.reward.id == reward }) else {
            return await refuse(offered.refusal(of: reward), member, offered, till: till)
        }
        await handle(.choose(choice, offer, of: member), till: till)
    }

    /// Chooses one more of the reward whose sheet was scanned.
    func choose(code: Int64, till: String) async {
        guard let reward = programme.rewards.first(where: { $0.code == code }) else {
            return show(.refused(code: "reward-code-unknown", detail: [:]), at: till)
        }
        await choose(.oneMore, of: reward.id, till: till)
    }

    /// Records what is chosen and needs no bill; what needs one stays chosen.
    ///
    /// - Parameter till: The till.
    public func redeem(till: String) async {
        guard let member = memberToChoose(at: till),
            let offered = await offered(to: member, till: till)
        else { return }
        let wishes = wishes(of: member, at: till)
        let handed = offered.offers.filter { !$0.needsBill }.map(\.reward.id)
        guard wishes.contains(where: { handed.contains($0.reward) }) else {
            let lost = wishes.first { wish in
                !offered.offers.contains { $0.reward.id == wish.reward }
            }
            if let lost {
                return await refuse(offered.refusal(of: lost.reward), member, offered, till: till)
            }
            let code = wishes.isEmpty ? "nothing-chosen" : "reward-needs-bill"
            return await show(.refused(code: code, detail: [:]), member, offered, till: till)
        }
        let key = makeKey(for: .visit, till: till)
        await handle(.handOver(key, rewards: Set(handed), of: member), till: till)
    }

    /// The member who can choose; without one the till says what to do.
    private func memberToChoose(at till: String) -> MemberNumber? {
        if let member = member(at: till) { return member }
        show(.refused(code: "reward-without-member", detail: [:]), at: till)
        return nil
    }

    /// What the ledger offers now; nil if it cannot be asked, which the till then shows.
    private func offered(to member: MemberNumber, till: String) async -> Offered? {
        do {
            return try await ask(for: member, till: till)
        } catch {
            _ = notRecorded(error, till: till)
            return nil
        }
    }

    /// Asks the ledger what a member can have beside what is chosen.
    private func ask(for member: MemberNumber, till: String) async throws -> Offered {
        let now = clock.reading()
        guard let key = SaleKey("trial") else { preconditionFailure("it is a key") }
        var trial = sale(
            from: SaleEvidence(key: key, kind: .visit, amount: nil),
            opensVisit: !isVisitRecorded(of: member, at: till),
            till: till,
            at: now
        )
        trial.details.redemptions = wishes(of: member, at: till)
        return try await ledger.offers(to: member, in: trial, at: now, under: programme)
    }

    /// What a member who stays at the till can have now; nothing for one who has gone.
    ///
    /// What was recorded is recorded: if the ledger cannot be asked, nothing is offered.
    func offers(to member: MemberNumber, till: String) async -> [RewardOffer] {
        guard member == self.member(at: till), !programme.rewards.isEmpty else { return [] }
        do {
            return try await ask(for: member, till: till).offers
        } catch {
            logger.warning("no offers", metadata: ["till": "\(till)", "reason": "\(error)"])
            return []
        }
    }

    private func refuse(
        _ refusal: Refusal,
        _ member: MemberNumber,
        _ offered: Offered,
        till: String
    ) async {
        let phase = TillView.Phase.refused(code: refusal.code, detail: refusal.detail)
        await show(phase, member, offered, till: till)
    }

    private func show(
        _ phase: TillView.Phase,
        _ member: MemberNumber,
        _ offered: Offered,
        till: String
    ) async {
        do {
            let known = try await ledger.member(member)
            let view = view(of: known, standing: known.standing)
            show(phase, member: view, offers: offered.offers, at: till)
        } catch {
            _ = notRecorded(error, till: till)
        }
    }

    // MARK: - In a sale

    /// Has the ledger decide a sale with what was chosen, as far as it can be had.
    ///
    /// What was chosen may be gone by now, at another till perhaps: the sale is then decided
    /// without it, for the member bought and is to have what that earns. A refusal for what the
    /// POS wishes stays one. Handing over is nothing without what is handed over.
    ///
    /// - Parameters:
    ///   - sale: The sale, with the POS's own wishes.
    ///   - chosen: What was chosen at the till.
    ///   - member: Whose it is.
    ///   - reading: What the clocks say.
    ///   - isTrial: Whether nothing is to be recorded.
    /// - Returns: The answer, and what is not in it of what was wanted.
    /// - Throws: `LedgerError`.
    func decide(
        _ sale: Sale,
        choosing chosen: [Redemption],
        of member: MemberNumber,
        at reading: ClockReading,
        isTrial: Bool
    ) async throws -> (Recorded, [DroppedReward]) {
        let programme = programme
        var rewards = ChosenRewards(chosen, besides: sale.details.redemptions)
        while true {
            var trial = sale
            trial.details.redemptions += rewards.wishes
            let recorded =
                isTrial
                ? try await ledger.preview(trial, of: member, at: reading, under: programme)
                : try await ledger.record(trial, of: member, at: reading, under: programme)
            let isHandOver = trial.isHandOver
            if case .refusal(let refusal) = recorded.decision, !recorded.isRepeat,
                rewards.leaveOut(for: refusal, programme), !isHandOver || !rewards.wishes.isEmpty
            {
                continue
            }
            rewards.note(recorded.decision, isRepeat: recorded.isRepeat)
            return (recorded, rewards.dropped)
        }
    }
}
