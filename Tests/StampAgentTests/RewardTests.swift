import LedgerDB
import LoyaltyCore
import ScanCodec
import Testing

@testable import StampAgent

/// Rewards at the till over a real ledger: chosen, carried by a sale, handed over, dropped.
struct RewardTests {
    @Test func `a member at the till is offered what they can have`() async throws {
        let store = try await Self.store(points: 10)

        await store.scan(store.card)
        let view = try #require(await store.counter.view(of: "1"))
        #expect(view.phase == .award)
        #expect(view.offers.map(\.reward.id) == ["pen", "off", "pay"])
        #expect(view.offers.map(\.needsBill) == [false, true, true])
        #expect(view.offers.map(\.unitsMax) == [nil, nil, 10])
        #expect(view.chosen.isEmpty)
    }

    @Test func `a reward's sheet chooses it, and the next sale redeems it`() async throws {
        let store = try await Self.store(points: 10)
        await store.scan(store.card)

        await store.scan(ControlCommand.sheet(ofReward: 2))
        let chosen = try #require(await store.counter.view(of: "1"))
        #expect(chosen.phase == .memberAttached)
        #expect(chosen.chosen == [Redemption("off", count: 1)])
        #expect(chosen.redeemed.isEmpty)
        let head = try await store.ledger.head().sequence

        await store.counter.keyAmount(100, till: "1")
        let view = try #require(await store.counter.view(of: "1"))
        #expect(view.phase == .award)
        #expect(view.redeemed.map(\.reward) == ["off"])
        #expect(view.due == 80)
        #expect(view.offers.isEmpty && view.chosen.isEmpty && view.dropped.isEmpty)
        #expect(try await store.ledger.head().sequence == head + 1)
        #expect(try await store.points == 10 - 4 + 2)  // 80 that are left earn two
    }

    @Test func `the ways of a sale carry what is chosen alike`() async throws {
        let store = try await Self.store(points: 20)
        await store.scan(store.card)
        await store.counter.choose(.count(1), of: "off", till: "1")
        await store.scan(store.receipt)
        #expect(try #require(await store.counter.view(of: "1")).due == 195)

        await store.scan(store.card)
        await store.counter.choose(.count(1), of: "off", till: "1")
        let sale = try store.posSale("1", amount: 100, member: nil)
        guard case .recorded(let preview) = try await store.counter.previewSale(sale),
            case .recorded(let recorded) = try await store.counter.recordSale(sale)
        else { return #expect(Bool(false), "the sale waits") }
        #expect(preview.decision == recorded.decision)
        #expect(recorded.redeemed == ["off"])
        #expect(try #require(await store.counter.view(of: "1")).due == 80)
    }

    @Test func `the POS's wish for a reward counts, not the till's`() async throws {
        let store = try await Self.store(points: 20)
        await store.scan(store.card)
        await store.counter.choose(.count(1), of: "off", till: "1")
        await store.counter.choose(.count(1), of: "pen", till: "1")

        let sale = try Self.sale("1", amount: 100, wishing: [Redemption("off", count: 2)])
        guard case .recorded(let recorded) = try await store.counter.recordSale(sale),
            case .award(let award) = recorded.decision
        else { return #expect(Bool(false), "nothing is recorded") }
        #expect(award.redeemed.map(\.reward) == ["off", "pen"])
        #expect(award.redeemed.map(\.count) == [2, 1])
        #expect(recorded.dropped.isEmpty)
    }

    @Test func `another member's sale has nothing of what is chosen`() async throws {
        let store = try await Self.store(points: 10)
        await store.scan(store.card)
        await store.counter.choose(.count(1), of: "off", till: "1")

        let sale = try store.posSale("1", amount: 100, member: store.otherCard)
        guard case .recorded(let recorded) = try await store.counter.recordSale(sale)
        else { return #expect(Bool(false), "the sale waits") }
        #expect(recorded.redeemed == [])
        #expect(try await store.points == 10)
    }

    @Test func `what was spent elsewhere drops from the sale, which still earns`() async throws {
        let store = try await Self.store(points: 5)
        await store.scan(store.card)
        await store.counter.choose(.count(1), of: "off", till: "1")
        // The other till spends the points while the customer thinks.
        try await store.spend(Redemption("pen", count: 1), key: "pos/other")

        await store.counter.keyAmount(100, till: "1")
        let view = try #require(await store.counter.view(of: "1"))
        #expect(view.phase == .award)
        #expect(view.earned == [Posting(.points, .never, 2)])
        #expect(view.redeemed.isEmpty)
        #expect(view.due == nil)
        #expect(view.dropped == [DroppedReward("off", reason: "not-enough")])
        #expect(try await store.points == 5 - 3 + 2)
    }

    @Test func `a sale that earns nothing without its reward says both`() async throws {
        let store = try await Self.store(points: 5)
        await store.scan(store.card)
        await store.counter.choose(.count(1), of: "off", till: "1")
        try await store.spend(Redemption("pen", count: 1), key: "pos/other")
        let head = try await store.ledger.head().sequence

        await store.counter.keyAmount(20, till: "1")
        let view = try #require(await store.counter.view(of: "1"))
        #expect(view.phase == .refused(code: "amount-too-small", detail: ["least": "35"]))
        #expect(view.dropped == [DroppedReward("off", reason: "not-enough")])
        #expect(try await store.ledger.head().sequence == head)
    }

    @Test func `what the POS wishes and the member cannot pay stays a refusal`() async throws {
        let store = try await Self.store(points: 5)
        await store.scan(store.card)
        await store.counter.choose(.count(1), of: "pen", till: "1")

        let sale = try Self.sale("1", amount: 100, wishing: [Redemption("off", count: 2)])
        guard case .recorded(let recorded) = try await store.counter.recordSale(sale),
            case .refusal(let refusal) = recorded.decision
        else { return #expect(Bool(false), "the sale is recorded") }
        #expect(refusal == .notEnough(.points, needed: 8, held: 5))
        #expect(try await store.points == 5)
    }

    @Test func `a bill that a reward is not for drops it, and says so`() async throws {
        let store = try await Self.store(points: 10)
        await store.scan(store.card)
        await store.counter.choose(.count(1), of: "off", till: "1")
        await store.counter.choose(.units(3), of: "pay", till: "1")

        await store.counter.keyAmount(20, till: "1")  // 20 off leaves nothing to pay
        let view = try #require(await store.counter.view(of: "1"))
        #expect(view.redeemed.map(\.reward) == ["off"])
        #expect(view.due == 0)
        #expect(view.dropped == [DroppedReward("pay", reason: DroppedReward.billUnfit)])
    }

    @Test func `chosen points pay, no more than there are`() async throws {
        let store = try await Self.store(points: 10)
        await store.scan(store.card)

        await store.counter.choose(.units(7), of: "pay", till: "1")
        #expect(
            await store.counter.view(of: "1")?.chosen
                == [Redemption("pay", count: nil, amount: 7)]
        )
        await store.counter.keyAmount(100, till: "1")
        let view = try #require(await store.counter.view(of: "1"))
        #expect(view.redeemed.map(\.cost) == [7])
        #expect(view.due == 93)
    }

    @Test func `a reward that needs no bill is handed over without one, once`() async throws {
        let store = try await Self.store(points: 10)
        await store.scan(store.card)
        await store.counter.choose(.count(2), of: "pen", till: "1")
        await store.counter.choose(.count(1), of: "off", till: "1")
        let head = try await store.ledger.head().sequence

        await store.scan(ControlCommand.redeemSheet)
        let view = try #require(await store.counter.view(of: "1"))
        #expect(view.phase == .award)
        #expect(view.redeemed.map(\.count) == [2])
        #expect(view.earned == [Posting(.points, .never, -6)])
        #expect(view.chosen == [Redemption("off", count: 1)])
        #expect(try await store.ledger.head().sequence == head + 1)

        await store.scan(ControlCommand.redeemSheet)
        #expect(await store.phase == .refused(code: "reward-needs-bill", detail: [:]))
        #expect(try await store.ledger.head().sequence == head + 1)
        await store.counter.keyAmount(100, till: "1")
        #expect(try #require(await store.counter.view(of: "1")).due == 80)
    }

    @Test func `handing over is taken back whole`() async throws {
        let store = try await Self.store(points: 10)
        await store.scan(store.card)
        await store.counter.choose(.count(2), of: "pen", till: "1")
        await store.counter.redeem(till: "1")
        #expect(try await store.points == 4)

        await store.counter.undo(till: "1")
        #expect(try await store.points == 10)
    }

    @Test func `handing over what is gone records nothing`() async throws {
        let store = try await Self.store(points: 3)
        await store.scan(store.card)
        await store.counter.choose(.count(1), of: "pen", till: "1")
        try await store.spend(Redemption("pen", count: 1), key: "pos/other")
        let head = try await store.ledger.head().sequence

        await store.counter.redeem(till: "1")
        let detail = ["asset": "points", "needed": "3", "held": "0"]
        #expect(await store.phase == .refused(code: "not-enough", detail: detail))
        #expect(try await store.ledger.head().sequence == head)
    }

    @Test func `without a member nothing is chosen and nothing handed over`() async throws {
        let store = try await Self.store(points: 10)
        await store.scan(store.card)
        await store.counter.cancel(till: "1")
        let refused = TillView.Phase.refused(code: "reward-without-member", detail: [:])

        await store.scan(ControlCommand.sheet(ofReward: 1))
        #expect(await store.phase == refused)
        await store.scan(store.receipt)
        await store.scan(ControlCommand.redeemSheet)
        #expect(await store.phase == refused)
    }

    @Test func `each refusal to choose says why, and keeps what is chosen`() async throws {
        let store = try await Self.store(points: 10)
        await store.scan(store.card)
        await store.scan(ControlCommand.redeemSheet)
        #expect(await store.phase == .refused(code: "nothing-chosen", detail: [:]))
        await store.counter.choose(.count(3), of: "pen", till: "1")

        await store.scan(ControlCommand.sheet(ofReward: 999))
        #expect(await store.phase == .refused(code: "reward-code-unknown", detail: [:]))
        await store.counter.choose(.count(1), of: "none", till: "1")
        #expect(await store.phase == .refused(code: "reward-unknown", detail: ["reward": "none"]))
        await store.counter.choose(.count(1), of: "gold", till: "1")
        let detail = ["reward": "gold"]
        #expect(await store.phase == .refused(code: "reward-unavailable", detail: detail))
        await store.counter.choose(.count(1), of: "off", till: "1")
        let view = try #require(await store.counter.view(of: "1"))
        let missing = ["asset": "points", "needed": "4", "held": "1"]
        #expect(view.phase == .refused(code: "not-enough", detail: missing))
        #expect(view.chosen == [Redemption("pen", count: 3)])
        #expect(view.offers.map(\.reward.id) == ["pen", "pay"])
    }

    @Test func `a receipt that was recorded before redeems nothing, and says so`() async throws {
        let store = try await Self.store(points: 10)
        await store.scan(store.card)
        await store.scan(store.receipt)
        await store.scan(store.card)
        await store.counter.choose(.count(1), of: "pen", till: "1")

        await store.scan(store.receipt)
        let view = try #require(await store.counter.view(of: "1"))
        #expect(view.isRepeat)
        #expect(view.dropped == [DroppedReward("pen", reason: DroppedReward.saleRepeated)])
        #expect(try await store.points == 16)
    }

    @Test func `a ledger that does not record promises no reward`() async throws {
        let store = try await Self.store(points: 10)
        await store.scan(store.card)
        await store.counter.choose(.count(1), of: "pen", till: "1")
        await store.ledger.close()

        await store.counter.redeem(till: "1")
        let view = try #require(await store.counter.view(of: "1"))
        #expect(view.phase == .notRecorded(code: "closed"))
        #expect(view.redeemed.isEmpty && view.chosen.isEmpty)
    }

    @Test func `a new edition of the programme forgets what is chosen`() async throws {
        let store = try await Self.store(points: 10)
        await store.scan(store.card)
        await store.counter.choose(.count(1), of: "pen", till: "1")

        await store.counter.replaceProgramme(try TestStore.programme(version: 2))
        await store.counter.keyAmount(100, till: "1")
        #expect(await store.phase == .waitingForMember)
    }

    // MARK: - Left out of a sale

    @Test func `no sale wishes for more than it may`() {
        let told = (0..<19).map { Redemption("p\($0)") }
        let chosen = [Redemption("a"), Redemption("p0"), Redemption("b"), Redemption("c")]

        let rewards = ChosenRewards(chosen, besides: told)
        #expect(rewards.wishes == [Redemption("a")])
        #expect(
            rewards.dropped == ["b", "c"].map { DroppedReward($0, reason: "too-many") }
        )
    }

    @Test(
        arguments: [
            (.notEnough(.points, needed: 4, held: 1), ["off"]),
            (.notEnough(.stamps(ofCard: "latte"), needed: 4, held: 1), []),
            (.rewardUnavailable("pen"), ["pen"]), (.rewardUnavailable("gold"), []),
            (.rewardUnknown("pen"), ["pen"]), (.redemptionFrozen, ["pen", "off"]),
            (.overflow, ["off"]), (.memberBlocked, []), (.amountMissing, []),
        ] as [(Refusal, [String])]
    )
    func `a refusal costs the wish that it is about`(refusal: Refusal, lost: [String]) throws {
        var rewards = ChosenRewards([Redemption("pen"), Redemption("off")], besides: [])

        #expect(rewards.leaveOut(for: refusal, try Self.programme()) == !lost.isEmpty)
        #expect(rewards.dropped == lost.map { DroppedReward($0, reason: refusal.code) })
        #expect(rewards.wishes.map(\.reward) == ["pen", "off"].filter { !lost.contains($0) })
    }

    // MARK: - The store

    /// A pen for 3, 20 off for 4, paying with points, and something that nobody can have.
    private static func programme() throws -> Programme {
        let title = LocalText(zhHant: "字", en: "word")
        var conditions = Conditions()
        conditions.codes = ["GOLD"]
        return try TestStore.programme(
            version: 1,
            rewards: [
                Reward(
                    id: "pen",
                    title: title,
                    benefit: .handOver,
                    cost: Reward.Cost(3, .points),
                    code: 1
                ),
                Reward(
                    id: "off",
                    title: title,
                    benefit: .amountOff(20),
                    cost: Reward.Cost(4, .points),
                    code: 2
                ),
                Reward(
                    id: "pay",
                    title: title,
                    benefit: .pays(.one),
                    cost: Reward.Cost(1, .points)
                ),
                Reward(
                    id: "gold",
                    title: title,
                    benefit: .handOver,
                    cost: nil,
                    conditions: conditions
                ),
            ]
        )
    }

    /// A store whose member holds points from a sale of yesterday's till.
    private static func store(points: Int64) async throws -> TestStore {
        let store = try await TestStore(programme: programme())
        let sale = try store.posSale("start", amount: points * 35, member: store.card)
        _ = try await store.counter.recordSale(sale)
        await store.counter.cancel(till: "1")
        return store
    }

    private static func sale(
        _ number: String,
        amount: Int64,
        wishing wishes: [Redemption]
    ) throws -> PosSale {
        var details = SaleDetails()
        details.redemptions = wishes
        return PosSale(
            key: try #require(SaleKey("pos/\(number)")),
            memberCode: nil,
            amount: amount,
            till: "1",
            details: details
        )
    }
}

extension RecordedSale {
    fileprivate var redeemed: [String] {
        guard case .award(let award) = decision else { return [] }
        return award.redeemed.map(\.reward)
    }
}

extension TestStore {
    fileprivate var points: Int64 {
        get async throws { try await ledger.member(member).standing.balance(of: .points) }
    }

    /// Has the member redeem at a till of which this counter knows nothing.
    fileprivate func spend(_ wish: Redemption, key: String) async throws {
        var details = SaleDetails()
        details.redemptions = [wish]
        let sale = Sale(
            key: try #require(SaleKey(key)),
            evidence: .visit,
            amount: nil,
            businessDate: BusinessDate(at: time.reading.wall, in: .taipei),
            opensVisit: false,
            till: "2",
            details: details
        )
        let recorded = try await ledger.record(
            sale,
            of: member,
            at: time.reading,
            under: await counter.programme
        )
        #expect(recorded.sequence != nil)
    }
}
