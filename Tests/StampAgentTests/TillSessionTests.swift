import LoyaltyCore
import Testing

@testable import StampAgent

/// Plays transcripts: who and what comes to a till at which second, and what it does.
struct TillSessionTests {
    @Test func `a member's scan is a visit, and the sale that follows is theirs`() {
        #expect(
            play("0 A", "5 receipt1") == [
                "visit A", "sale receipt1 of A, same visit",
            ]
        )
    }

    @Test func `a sale that comes first waits for its member`() {
        #expect(
            play("0 receipt1", "5 A") == [
                "ask for member", "sale receipt1 of A, new visit",
            ]
        )
    }

    @Test func `a second member takes the till over`() {
        #expect(
            play("0 A", "3 B", "5 receipt1") == [
                "visit A", "visit B", "sale receipt1 of B, same visit",
            ]
        )
    }

    @Test func `the same member again while at the till is no second visit`() {
        #expect(
            play("0 A", "1 A", "2 receipt1") == [
                "visit A", "show A", "sale receipt1 of A, same visit",
            ]
        )
    }

    @Test func `a member who comes again after the sale is a new visit`() {
        #expect(
            play("0 A", "2 receipt1", "4 A") == [
                "visit A", "sale receipt1 of A, same visit", "visit A",
            ]
        )
    }

    @Test func `two sales after one member belong to two customers`() {
        #expect(
            play("0 A", "2 receipt1", "4 receipt2") == [
                "visit A", "sale receipt1 of A, same visit", "ask for member",
            ]
        )
    }

    @Test func `a second receipt before a member replaces the first`() {
        #expect(
            play("0 receipt1", "2 receipt2", "4 A") == [
                "ask for member", "drop receipt1", "ask for member",
                "sale receipt2 of A, new visit",
            ]
        )
    }

    @Test func `the same receipt again before a member is no second one`() {
        #expect(
            play("0 receipt1", "2 receipt1", "4 A") == [
                "ask for member", "ask for member", "sale receipt1 of A, new visit",
            ]
        )
    }

    @Test func `the right half of a receipt asks for the left and changes nothing`() {
        #expect(
            play("0 A", "1 right", "2 receipt1") == [
                "visit A", "ask for left half", "sale receipt1 of A, same visit",
            ]
        )
        #expect(play("0 right", "1 receipt1") == ["ask for left half", "ask for member"])
    }

    @Test func `cancel closes what is open`() {
        #expect(play("0 A", "1 cancel", "2 receipt1") == ["visit A", "clear", "ask for member"])
        #expect(play("0 receipt1", "1 cancel", "2 A") == ["ask for member", "clear", "visit A"])
        #expect(play("0 cancel") == ["clear"])
    }

    @Test func `undo takes the last award back and closes the customer`() {
        #expect(play("0 A", "1 undo", "2 receipt1") == ["visit A", "void last", "ask for member"])
    }

    @Test func `the member's data leaves the screen after twenty seconds, the customer stays`() {
        #expect(
            play("0 A", "19 tick", "20 tick", "60 receipt1") == [
                "visit A", "conceal", "sale receipt1 of A, same visit",
            ]
        )
    }

    @Test func `a customer without a scan is gone after ninety seconds`() {
        #expect(
            play("0 A", "20 tick", "89 tick", "90 tick", "91 receipt1") == [
                "visit A", "conceal", "clear", "ask for member",
            ]
        )
    }

    @Test func `a scan after the deadline finds the till idle even if no clock ticked`() {
        #expect(play("0 A", "20 tick", "95 receipt1") == ["visit A", "conceal", "ask for member"])
        #expect(play("0 A", "95 receipt1") == ["visit A", "ask for member"])
        #expect(
            play("0 receipt1", "20 tick", "95 A") == [
                "ask for member", "conceal", "drop receipt1", "visit A",
            ]
        )
    }

    @Test func `a finished customer leaves the screen after twenty seconds`() {
        #expect(
            play("0 A", "1 receipt1", "20 tick", "21 tick", "500 tick") == [
                "visit A", "sale receipt1 of A, same visit", "clear",
            ]
        )
    }

    @Test func `a recording that failed does not count as a visit`() {
        #expect(
            play("0 A", "1 failed", "2 A", "3 receipt1") == [
                "visit A", "visit A", "sale receipt1 of A, same visit",
            ]
        )
    }

    @Test func `the POS may name the member with the sale`() {
        #expect(play("0 pos1 of A") == ["sale pos1 of A, new visit"])
        #expect(
            play("0 A", "1 pos1 of A") == ["visit A", "sale pos1 of A, same visit"]
        )
        #expect(
            play("0 A", "1 pos1 of B") == ["visit A", "sale pos1 of B, new visit"]
        )
    }

    @Test func `where no card stamps visits, a member's scan only shows the card`() {
        #expect(
            play("0 A", "5 receipt1", stampsVisits: false) == [
                "show A", "sale receipt1 of A, new visit",
            ]
        )
    }

    @Test func `what is chosen goes with the sale that follows, and with no other`() {
        #expect(
            play("0 A", "1 +pen", "2 receipt1", "3 A", "4 receipt2") == [
                "visit A", "show A with pen 1", "sale receipt1 of A, same visit, with pen 1",
                "visit A", "sale receipt2 of A, same visit",
            ]
        )
        #expect(
            play("0 A", "1 +pen", "2 pos1 of A") == [
                "visit A", "show A with pen 1", "sale pos1 of A, same visit, with pen 1",
            ]
        )
    }

    @Test func `a choice is changed, and dropped by choosing none`() {
        #expect(
            play("0 A", "1 pen 2", "2 pen 1", "3 pen 0", "4 receipt1") == [
                "visit A", "show A with pen 2", "show A with pen 1", "show A",
                "sale receipt1 of A, same visit",
            ]
        )
        #expect(play("0 A", "1 +pen", "2 drop pen").last == "show A")
    }

    @Test func `a sheet that is scanned again is one more, up to what can be had`() {
        #expect(
            play("0 A", "1 +pen", "2 +pen", "3 +pen", "4 +pen") == [
                "visit A", "show A with pen 1", "show A with pen 2", "show A with pen 3",
                "show A with pen 3",
            ]
        )
        #expect(play("0 A", "1 pen 9").last == "show A with pen 3")
    }

    @Test func `paying takes all that fits, or what is chosen, and comes last`() {
        #expect(
            play("0 A", "1 +pay", "2 pay 70", "3 pay 900", "4 +pen", "5 +pay") == [
                "visit A", "show A with pay all", "show A with pay 70", "show A with pay 100",
                "show A with pen 1, pay 100", "show A with pen 1, pay all",
            ]
        )
    }

    @Test(arguments: ["B", "cancel", "undo", "failed", "pos1 of B"])
    func `whatever ends the member's stay forgets what is chosen`(end: String) {
        let after = play("0 A", "1 +pen", "2 \(end)", "3 A", "4 receipt1")

        #expect(after.last == "sale receipt1 of A, same visit")
        #expect(after.filter { $0.contains("pen") } == ["show A with pen 1"])
    }

    @Test func `silence forgets what is chosen, a dark screen does not`() {
        #expect(
            play("0 A", "1 +pen", "21 tick", "30 receipt1") == [
                "visit A", "show A with pen 1", "conceal",
                "sale receipt1 of A, same visit, with pen 1",
            ]
        )
        #expect(
            play("0 A", "1 +pen", "91 tick", "92 A", "93 receipt1").last
                == "sale receipt1 of A, same visit"
        )
        #expect(
            play("0 A", "1 +pen", "200 A", "201 receipt1").last
                == "sale receipt1 of A, same visit"
        )
    }

    @Test func `the same member's scan keeps what is chosen`() {
        #expect(play("0 A", "1 +pen", "2 A").last == "show A with pen 1")
    }

    @Test func `nothing can be chosen for a member who has gone`() {
        #expect(play("0 +pen") == [])
        #expect(play("0 B", "1 +pen", "2 hand pen") == ["visit B"])
        #expect(play("0 receipt1", "1 +pen") == ["ask for member"])
    }

    @Test func `what needs no bill is handed over, the rest waits for the bill`() {
        #expect(
            play("0 A", "1 +pen", "2 +pay", "3 hand pen", "4 receipt1") == [
                "visit A", "show A with pen 1", "show A with pen 1, pay all",
                "sale hand of A, same visit, with pen 1",
                "sale receipt1 of A, same visit, with pay all",
            ]
        )
        #expect(play("0 A", "1 +pay", "2 hand pen") == ["visit A", "show A with pay all"])
    }

    @Test func `no more is chosen than a sale may wish`() {
        let choices = (0...SaleDetails.wishCountMax).map { "\($0 + 1) +w\($0)" }
        var session = TillSession(stampsVisits: true)
        for step in ["0 A"] + choices { _ = take(step, &session) }

        #expect(session.wishes.count == SaleDetails.wishCountMax)
    }

    @Test func `nothing wakes an idle till`() {
        var session = TillSession(stampsVisits: true)

        #expect(session.deadline == nil)
        _ = session.take(.cancel, at: .seconds(5))
        #expect(session.deadline == nil)
        _ = session.take(.undo, at: .seconds(6))
        #expect(session.deadline == .seconds(26))
        #expect(session.timePassed(at: .seconds(26)) == [.clear])
        #expect(session.deadline == nil)
    }

    @Test func `an occasion leaves whoever is at the till there, and is no visit`() {
        #expect(
            play("0 A", "1 occasion top-up of A", "2 receipt1", stampsVisits: false) == [
                "show A", "sale top-up of A, same visit", "sale receipt1 of A, new visit",
            ]
        )
        #expect(
            play("0 receipt1", "1 occasion vote of B", "2 A") == [
                "ask for member", "sale vote of B, same visit", "sale receipt1 of A, new visit",
            ]
        )
    }

    @Test func `an occasion at an idle till leaves the screen after twenty seconds`() {
        #expect(
            play("0 occasion join of A", "19 tick", "20 tick", "21 receipt1") == [
                "sale join of A, same visit", "clear", "ask for member",
            ]
        )
    }

    /// Plays steps such as `5 receipt1`: the second, then what came.
    private func play(_ steps: String..., stampsVisits: Bool = true) -> [String] {
        var session = TillSession(stampsVisits: stampsVisits)
        return steps.flatMap { step in
            take(step, &session).map { describe($0, session.wishes) }
        }
    }

    private func take(_ step: String, _ session: inout TillSession) -> [TillSession.Action] {
        let words = step.split(separator: " ", maxSplits: 1).map(String.init)
        let time = Duration.seconds(Int(words[0]) ?? 0)
        return words[1] == "tick"
            ? session.timePassed(at: time) : session.take(input(words[1]), at: time)
    }

    private func input(_ word: String) -> TillSession.Input {
        switch word {
        case "A", "B": return .member(member(word))
        case "right": return .rightHalf
        case "cancel": return .cancel
        case "undo": return .undo
        case "failed": return .recordingFailed
        case let word where word.hasPrefix("+"):
            return .choose(.oneMore, offer(String(word.dropFirst())), of: member("A"))
        default: return input(words: word.split(separator: " ").map(String.init))
        }
    }

    private func input(words: [String]) -> TillSession.Input {
        if words.count == 4 { return .occasion(evidence(words[1]), member(words[3])) }
        if words.count == 3 { return .saleOfMember(evidence(words[0]), member(words[2])) }
        guard words.count == 2 else { return .sale(evidence(words[0])) }
        switch words[0] {
        case "drop": return .drop(reward: words[1], of: member("A"))
        case "hand": return .handOver(evidence("hand").key, rewards: [words[1]], of: member("A"))
        default:
            let number = Int64(words[1]) ?? 0
            let choice: RewardChoice = words[0] == "pay" ? .units(number) : .count(number)
            return .choose(choice, offer(words[0]), of: member("A"))
        }
    }

    /// Three pens at most, or a hundred to pay with.
    private func offer(_ id: String) -> RewardOffer {
        let reward = Reward(
            id: id,
            title: LocalText(zhHant: "字", en: "word"),
            benefit: id == "pay" ? .pays(.one) : .handOver,
            cost: Reward.Cost(1, .points)
        )
        return RewardOffer(
            reward,
            countMax: id == "pay" ? 1 : 3,
            unitsMax: id == "pay" ? 100 : nil,
            needsBill: id == "pay"
        )
    }

    private func describe(_ action: TillSession.Action, _ chosen: [Redemption]) -> String {
        switch action {
        case .recordVisit(let member): "visit \(name(member))"
        case .recordSale(let member, let evidence, let opensVisit, let wishes):
            "sale \(evidence.key.text) of \(name(member)), \(opensVisit ? "new" : "same") visit"
                + with(wishes, ", with ")
        case .showMember(let member): "show \(name(member))" + with(chosen, " with ")
        case .askForMember: "ask for member"
        case .askForLeftHalf: "ask for left half"
        case .voidLast: "void last"
        case .conceal: "conceal"
        case .clear: "clear"
        case .dropSale(let evidence): "drop \(evidence.key.text)"
        }
    }

    private func with(_ wishes: [Redemption], _ word: String) -> String {
        let texts = wishes.map { wish in
            "\(wish.reward) \((wish.count ?? wish.amount).map(String.init) ?? "all")"
        }
        return texts.isEmpty ? "" : word + texts.joined(separator: ", ")
    }

    private func evidence(_ key: String) -> SaleEvidence {
        guard let key = SaleKey(key) else { preconditionFailure("\(key) is no key") }
        return SaleEvidence(key: key, kind: .eInvoice, amount: 215)
    }

    private func member(_ name: String) -> MemberNumber {
        guard let member = MemberNumber(value: name == "A" ? 1 : 2)
        else { preconditionFailure("1 and 2 are member numbers") }
        return member
    }

    private func name(_ member: MemberNumber) -> String {
        member.value == 1 ? "A" : "B"
    }
}
