import Foundation
import LedgerDB
import LoyaltyCore
import ScanCodec
import Testing

@testable import StampAgent

/// The counter over a real ledger file: what is shown is on disk.
struct CounterTests {
    @Test func `a member's scan is an award on disk before it is shown`() async throws {
        let store = try await TestStore()
        let events = store.counter.hub.follow()

        await store.scan(store.card)
        let view = try #require(await store.firstAward(in: events))
        #expect(view.earned == [Posting(.stamps(ofCard: "latte"), .never, 1)])
        #expect(view.member?.cards.map(\.stamps) == [1])
        let entry = try #require(view.entry)
        guard case .award(let fact)? = try await store.ledger.entry(entry)?.fact
        else { return #expect(Bool(false), "entry \(entry) is no award") }
        #expect(fact.postings == view.earned)
    }

    @Test func `the counter works on the ledger's thread`() async throws {
        let store = try await TestStore()
        func threadName(of counter: isolated Counter) -> String? { Thread.current.name }

        #expect(await threadName(of: store.counter) == "ledger")
    }

    @Test func `member, then receipt: the visit and the sale are two entries of one member`()
        async throws
    {
        let store = try await TestStore()

        await store.scan(store.card)
        await store.scan(store.receipt)
        let view = try #require(await store.counter.view(of: "1"))
        #expect(view.phase == .award)
        #expect(view.earned == [Posting(.points, .never, 6)])
        #expect(view.amount == 215)
        #expect(try await store.ledger.head().sequence == 3)  // boot, visit, sale
    }

    @Test func `receipt, then member: one entry with stamp and points`() async throws {
        let store = try await TestStore()

        await store.scan(store.receipt)
        #expect(await store.phase == .waitingForMember)
        await store.scan(store.card)
        let view = try #require(await store.counter.view(of: "1"))
        #expect(
            view.earned == [
                Posting(.stamps(ofCard: "latte"), .never, 1), Posting(.points, .never, 6),
            ]
        )
        #expect(try await store.ledger.head().sequence == 2)
    }

    @Test func `the same receipt again gets the first answer, and nothing is written`()
        async throws
    {
        let store = try await TestStore()
        await store.scan(store.card)
        await store.scan(store.receipt)
        let first = try #require(await store.counter.view(of: "1"))

        await store.scan(store.receipt)
        let again = try #require(await store.counter.view(of: "1"))
        #expect(again.isRepeat)
        #expect(again.entry == first.entry)
        #expect(again.earned == first.earned)
        #expect(again.derivation == first.derivation)
        #expect(try await store.ledger.head().sequence == 3)
    }

    @Test func `a receipt that was another member's is refused`() async throws {
        let store = try await TestStore()
        await store.scan(store.card)
        await store.scan(store.receipt)

        await store.scan(store.otherCard)
        await store.scan(store.receipt)
        #expect(await store.phase == .refused(code: "sale-of-other-member", detail: [:]))
        #expect(try await store.ledger.head().sequence == 4)  // the other member's visit
    }

    @Test(arguments: [
        (scan: "40000000000012364", code: "check-digits-wrong"),
        (scan: "<script>alert(1)</script>", code: "unknown-code"),
        (scan: "'; DROP TABLE log; --", code: "unknown-code"),
        (scan: "%n%s%x", code: "unknown-code"),
        (scan: "4111111111111111", code: "payment-code"),
        (scan: "123456789012345678", code: "payment-code"),
        (scan: "11510AB123456501234", code: "receipt-without-amount"),
        (scan: "/ABC+123", code: "mobile-barcode-not-linked"),
        (scan: "AB12345678901234", code: "citizen-certificate"),
        (scan: "4710088410139", code: "product-code"),
        (scan: "69999999949", code: "control-unknown"),
        (scan: String(repeating: "7", count: 7_000), code: "unknown-code"),
    ])
    func `a scan that is no business of ours is refused with its reason, and nothing is written`(
        scan: String,
        code: String
    ) async throws {
        let store = try await TestStore()

        await store.scan(scan)
        #expect(await store.phase == .refused(code: code, detail: [:]))
        #expect(try await store.ledger.head().sequence == 1)
        #expect(!store.logged.contains(scan))
    }

    @Test func `a linked mobile barcode identifies its member`() async throws {
        let store = try await TestStore()
        let row = MemberRow(
            number: store.member,
            maskedName: "王○明",
            mobileBarcode: "/ABC+123"
        )
        try await store.ledger.importMembers([#require(row)])

        await store.scan("/ABC+123")
        let view = try #require(await store.counter.view(of: "1"))
        #expect(view.phase == .award)
        #expect(view.member?.maskedName == "王○明")
    }

    @Test func `a blocked member earns nothing`() async throws {
        let store = try await TestStore()
        let row = MemberRow(number: store.member, isBlocked: true)
        try await store.ledger.importMembers([#require(row)])

        await store.scan(store.card)
        #expect(await store.phase == .refused(code: "member-blocked", detail: [:]))
    }

    @Test func `the cancel sheet closes the customer, the undo sheet takes the award back`()
        async throws
    {
        let store = try await TestStore()
        await store.scan(store.card)

        await store.scan("60000000192")  // cancel
        #expect(await store.phase == .idle)
        await store.scan("60000000289")  // undo
        #expect(await store.phase == .voided(entry: 3))
        let member = try await store.ledger.member(store.member)
        #expect(member.standing.balance(of: .stamps(ofCard: "latte")) == 0)
    }

    @Test func `an amount that the cashier keys is a sale`() async throws {
        let store = try await TestStore()
        await store.scan(store.card)

        await store.counter.keyAmount(70, till: "1")
        let view = try #require(await store.counter.view(of: "1"))
        #expect(view.earned == [Posting(.points, .never, 2)])
        await store.counter.keyAmount(-1, till: "1")
        await store.scan(store.otherCard)
        #expect(await store.phase == .refused(code: "amount-negative", detail: [:]))
    }

    @Test func `a POS sale is answered once, and again the same`() async throws {
        let store = try await TestStore()
        let sale = try store.posSale("1001", amount: 350, member: store.card)

        let first = try await store.counter.recordSale(sale)
        let again = try await store.counter.recordSale(sale)
        guard case .recorded(let one) = first, case .recorded(let two) = again
        else { return #expect(Bool(false), "the sale waits") }
        #expect(one.entry == two.entry)
        #expect(one.decision == two.decision)
        #expect(!one.isRepeat)
        #expect(two.isRepeat)
        #expect(try await store.ledger.head().sequence == 2)
    }

    @Test func `a POS sale without a member waits for the scan at its till`() async throws {
        let store = try await TestStore()
        let sale = try store.posSale("1002", amount: 350, member: nil)

        guard case .waitingForMember = try await store.counter.recordSale(sale)
        else { return #expect(Bool(false), "the sale does not wait") }
        await store.scan(store.card)
        #expect(await store.phase == .award)
        guard case .recorded(let recorded) = try await store.counter.recordSale(sale)
        else { return #expect(Bool(false), "the POS does not learn the answer") }
        #expect(recorded.isRepeat)
        #expect(recorded.member.points == 10)
    }

    @Test func `a preview writes nothing and answers as the sale would`() async throws {
        let store = try await TestStore()
        let sale = try store.posSale("1003", amount: 350, member: store.card)

        guard case .recorded(let preview) = try await store.counter.previewSale(sale),
            try await store.ledger.head().sequence == 1,
            case .recorded(let recorded) = try await store.counter.recordSale(sale)
        else { return #expect(Bool(false), "the preview wrote, or the sale waits") }
        #expect(preview.decision == recorded.decision)
        #expect(preview.entry == nil)
    }

    @Test func `a voided sale stays voided, whoever asks`() async throws {
        let store = try await TestStore()
        let sale = try store.posSale("1004", amount: 350, member: store.card)
        _ = try await store.counter.recordSale(sale)

        #expect(await store.phase == .award)
        let first = try await store.counter.voidSale(sale.key)
        #expect(await store.phase == .voided(entry: 3))
        #expect(try await store.counter.voidSale(sale.key) == first)
        guard case .recorded(let again) = try await store.counter.recordSale(sale)
        else { return #expect(Bool(false), "the sale waits") }
        #expect(again.decision == .refusal(.saleVoided))
        #expect(try await store.counter.voidSale(#require(SaleKey("pos/none"))).isRefused)
    }

    @Test func `members and tills that are not known are errors`() async throws {
        let store = try await TestStore()

        await #expect(throws: CounterError.unknownMember(code: "check-digits-wrong")) {
            _ = try await store.counter.member(code: "40000000000012364")
        }
        await #expect(throws: CounterError.unknownTill) {
            _ = try await store.counter.recordSale(
                store.posSale("1", amount: 1, member: nil, till: "9")
            )
        }
    }

    @Test func `a ledger that does not record promises nothing`() async throws {
        let store = try await TestStore()
        await store.ledger.close()

        await store.scan(store.card)
        #expect(await store.phase == .notRecorded(code: "closed"))
        await #expect(throws: CounterError.self) {
            _ = try await store.counter.recordSale(
                store.posSale("1", amount: 1, member: store.card)
            )
        }
        let status = await store.counter.status()
        #expect(status.advice.first?.code == "not-recording")
    }

    @Test func `the member's data leaves the screen, then the customer the till`() async throws {
        let store = try await TestStore()
        await store.scan(store.card)

        store.time.pass(.seconds(20))
        #expect(await store.counter.closeOverdue() == .seconds(90))
        #expect(await store.phase == .concealed)
        #expect(try #require(await store.counter.view(of: "1")).member == nil)
        store.time.pass(.seconds(70))
        #expect(await store.counter.closeOverdue() == nil)
        #expect(await store.phase == .idle)
    }

    @Test func `the status tells queue, programme and what to do`() async throws {
        let store = try await TestStore()
        await store.scan(store.card)
        store.time.pass(.seconds(7))

        let status = await store.counter.status()
        #expect(status.queue.pendingCount == 2)
        #expect(status.queue.oldestAgeSeconds == 7)
        #expect(status.programme.name == "test")
        #expect(status.advice.map(\.code) == ["no-scanner"])
    }
}

extension VoidAnswer {
    fileprivate var isRefused: Bool {
        if case .refused = self { true } else { false }
    }
}
