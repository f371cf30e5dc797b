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

    /// Plays steps such as `5 receipt1`: the second, then what came.
    private func play(_ steps: String..., stampsVisits: Bool = true) -> [String] {
        var session = TillSession(stampsVisits: stampsVisits)
        return steps.flatMap { step in
            let words = step.split(separator: " ", maxSplits: 1).map(String.init)
            let time = Duration.seconds(Int(words[0]) ?? 0)
            let actions =
                words[1] == "tick"
                ? session.timePassed(at: time) : session.take(input(words[1]), at: time)
            return actions.map(describe)
        }
    }

    private func input(_ word: String) -> TillSession.Input {
        switch word {
        case "A", "B": return .member(member(word))
        case "right": return .rightHalf
        case "cancel": return .cancel
        case "undo": return .undo
        case "failed": return .recordingFailed
        default:
            let parts = word.split(separator: " ").map(String.init)
            return parts.count == 3
                ? .saleOfMember(evidence(parts[0]), member(parts[2])) : .sale(evidence(word))
        }
    }

    private func describe(_ action: TillSession.Action) -> String {
        switch action {
        case .recordVisit(let member): "visit \(name(member))"
        case .recordSale(let member, let evidence, let opensVisit):
            "sale \(evidence.key.text) of \(name(member)), \(opensVisit ? "new" : "same") visit"
        case .showMember(let member): "show \(name(member))"
        case .askForMember: "ask for member"
        case .askForLeftHalf: "ask for left half"
        case .voidLast: "void last"
        case .conceal: "conceal"
        case .clear: "clear"
        case .dropSale(let evidence): "drop \(evidence.key.text)"
        }
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
