import LoyaltyCore

/// One customer at one till: who they are and what they bought, in whichever order it comes.
///
/// Pure: times come in with each input, what to do goes out. The states are few on purpose. A scan
/// of a member's code is a visit and is recorded at once; the sale that follows is recorded for the
/// same member. A sale that comes first waits for the member.
///
/// What a member wants to redeem is chosen between the two, and goes with the sale. It is nothing
/// but a wish until the ledger has decided; whatever ends the member's stay forgets it.
struct TillSession: Equatable, Sendable {
    /// What came to the till.
    enum Input: Equatable, Sendable {
        /// A member was identified.
        case member(MemberNumber)
        /// A sale was reported.
        case sale(SaleEvidence)
        /// A sale was reported together with its member.
        case saleOfMember(SaleEvidence, MemberNumber)
        /// The member wants something of a reward that the ledger offered them just now.
        case choose(RewardChoice, RewardOffer, of: MemberNumber)
        /// The member no longer wants a reward.
        case drop(reward: String, of: MemberNumber)
        /// What is chosen of these rewards is to be handed over now, without a bill.
        case handOver(SaleKey, rewards: Set<String>, of: MemberNumber)
        /// Something else was reported that a member did.
        case occasion(SaleEvidence, MemberNumber)
        /// The right-hand QR of a receipt was scanned; it names no sale.
        case rightHalf
        /// The cashier cancels what is open.
        case cancel
        /// The cashier takes back the till's last award.
        case undo
        /// What the last action should have recorded was not recorded.
        case recordingFailed
    }

    /// What is to be done.
    enum Action: Equatable, Sendable {
        /// Record the member's visit.
        case recordVisit(MemberNumber)
        /// Record the sale for the member, with what was chosen at the till.
        case recordSale(MemberNumber, SaleEvidence, opensVisit: Bool, wishes: [Redemption])
        /// Show the member's card as it stands and what is chosen, and ask for the sale.
        case showMember(MemberNumber)
        /// Ask for the member whose sale it is.
        case askForMember(SaleEvidence)
        /// Ask for the other QR of the receipt.
        case askForLeftHalf
        /// Take back the till's last award.
        case voidLast
        /// Take the member's data off the screen, keep the till's customer.
        case conceal
        /// Show the idle screen.
        case clear
        /// The sale waited for a member in vain.
        case dropSale(SaleEvidence)
    }

    /// Longest time a customer stays at the till without a scan.
    ///
    /// Source: our own bound; ringing up a basket takes a minute, and a receipt that comes later
    /// must not go to the customer before.
    static let silenceMax: Duration = .seconds(90)

    /// Longest time a member's data stays on the screen without a scan.
    ///
    /// Source: the brief of the display.
    static let displayMax: Duration = .seconds(20)

    private enum State: Equatable, Sendable {
        case idle
        /// A member is at the till; `isVisitRecorded` once their visit was given to the ledger.
        case member(MemberNumber, isVisitRecorded: Bool)
        /// A sale waits for its member.
        case sale(SaleEvidence)
        /// The customer is done, the screen still shows it.
        case settled
    }

    /// Whether a scan of the member's code alone is a visit that something could stamp.
    let stampsVisits: Bool
    /// What the member at the till has chosen, discounts before what pays.
    private(set) var wishes: [Redemption] = []
    private var state = State.idle {
        didSet { if member != Self.member(of: oldValue) { wishes = [] } }
    }
    private var lastInputAt: Duration = .zero
    private var isConcealed = true

    init(stampsVisits: Bool) {
        self.stampsVisits = stampsVisits
    }

    /// The member at the till, if one is attached.
    var member: MemberNumber? {
        Self.member(of: state)
    }

    private static func member(of state: State) -> MemberNumber? {
        if case .member(let member, _) = state { member } else { nil }
    }

    /// Whether a member's visit was given to the ledger while they are at the till.
    func isVisitRecorded(of member: MemberNumber) -> Bool {
        state == .member(member, isVisitRecorded: true)
    }

    /// When `timePassed(at:)` is to be called next; nil while nothing is open.
    var deadline: Duration? {
        switch (state, isConcealed) {
        case (.idle, true): nil
        case (_, false): lastInputAt + Self.displayMax
        case (_, true): lastInputAt + Self.silenceMax
        }
    }

    /// Takes one input.
    ///
    /// - Parameters:
    ///   - input: What came.
    ///   - time: When, on a clock that never goes back.
    /// - Returns: What to do, in order.
    mutating func take(_ input: Input, at time: Duration) -> [Action] {
        let overdue = timePassed(at: time)
        lastInputAt = time
        isConcealed = false
        return overdue.filter(\.isDrop) + actions(for: input)
    }

    /// Lets time pass: what was open for too long is closed.
    mutating func timePassed(at time: Duration) -> [Action] {
        guard let deadline, time >= deadline else { return [] }
        let isOver =
            state == .idle || state == .settled || time >= lastInputAt + Self.silenceMax
        guard isOver else {
            isConcealed = true
            return [.conceal]
        }
        defer {
            state = .idle
            isConcealed = true
        }
        if case .sale(let evidence) = state { return [.dropSale(evidence), .clear] }
        return [.clear]
    }

    private mutating func actions(for input: Input) -> [Action] {
        switch input {
        case .member(let member): return memberCame(member)
        case .sale(let evidence): return saleCame(evidence)
        case .saleOfMember(let evidence, let member):
            let opensVisit = !isVisitRecorded(of: member)
            let wishes = self.member == member ? wishes : []
            state = .settled
            return [.recordSale(member, evidence, opensVisit: opensVisit, wishes: wishes)]
        case .choose(let choice, let offer, of: let member):
            guard member == self.member else { return [] }
            choose(choice, offer)
            return [.showMember(member)]
        case .drop(let reward, of: let member):
            guard member == self.member else { return [] }
            wishes.removeAll { $0.reward == reward }
            return [.showMember(member)]
        case .handOver(let key, let rewards, of: let member):
            return handOver(key, rewards, of: member)
        case .occasion(let evidence, let member):
            // Whoever is at the till stays: a check-in or a top-up ends nobody's turn.
            if state == .idle { state = .settled }
            return [.recordSale(member, evidence, opensVisit: false, wishes: [])]
        case .rightHalf: return [.askForLeftHalf]
        case .cancel:
            state = .idle
            isConcealed = true
            return [.clear]
        case .undo:
            state = .settled
            return [.voidLast]
        case .recordingFailed:
            state = .settled
            return []
        }
    }

    private mutating func memberCame(_ member: MemberNumber) -> [Action] {
        switch state {
        case .sale(let evidence):
            state = .settled
            return [.recordSale(member, evidence, opensVisit: true, wishes: [])]
        case .member(member, isVisitRecorded: _):
            return [.showMember(member)]
        case .idle, .settled, .member:
            state = .member(member, isVisitRecorded: stampsVisits)
            return stampsVisits ? [.recordVisit(member)] : [.showMember(member)]
        }
    }

    private mutating func saleCame(_ evidence: SaleEvidence) -> [Action] {
        switch state {
        case .member(let member, let isVisitRecorded):
            let wishes = wishes
            state = .settled
            return [
                .recordSale(member, evidence, opensVisit: !isVisitRecorded, wishes: wishes)
            ]
        case .sale(let earlier) where earlier.key != evidence.key:
            state = .sale(evidence)
            return [.dropSale(earlier), .askForMember(evidence)]
        case .idle, .settled, .sale:
            state = .sale(evidence)
            return [.askForMember(evidence)]
        }
    }

    /// Puts a wish in its place: discounts come before what pays (LOYALTY.md section 4).
    private mutating func choose(_ choice: RewardChoice, _ offer: RewardOffer) {
        let place = wishes.firstIndex { $0.reward == offer.reward.id }
        switch (offer.wish(choice, after: place.map { wishes[$0] }), place) {
        case (let wish?, let place?): wishes[place] = wish
        case (nil, let place?): wishes.remove(at: place)
        case (let wish?, nil) where wishes.count < SaleDetails.wishCountMax:
            let payments = wishes.firstIndex(where: \.isPayment) ?? wishes.endIndex
            wishes.insert(wish, at: wish.isPayment ? wishes.endIndex : payments)
        case (_, nil): break
        }
    }

    /// Hands over what was chosen of some rewards; the rest waits for the sale, as the member does.
    private mutating func handOver(
        _ key: SaleKey,
        _ rewards: Set<String>,
        of member: MemberNumber
    ) -> [Action] {
        let handed = wishes.filter { rewards.contains($0.reward) }
        guard member == self.member, !handed.isEmpty else { return [] }
        wishes.removeAll { rewards.contains($0.reward) }
        let evidence = SaleEvidence(key: key, kind: .visit, amount: nil)
        return [.recordSale(member, evidence, opensVisit: false, wishes: handed)]
    }
}

extension TillSession.Action {
    /// Whether it tells of a sale that nobody claimed.
    fileprivate var isDrop: Bool {
        if case .dropSale = self { true } else { false }
    }
}
