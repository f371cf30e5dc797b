public import LedgerDB
public import Logging
public import LoyaltyCore
public import ScanCodec

/// The counter of a store: takes what comes to its tills, has it recorded, and shows the answer.
///
/// Every input takes the same way: the till's session says what to do, the ledger does it, and only
/// then is the view published. The session moves before the ledger is awaited, so inputs of one
/// till count in the order in which they came; the ledger itself serialises all tills.
public actor Counter {
    /// Where every view and every change of status is published.
    public nonisolated let hub: EventHub
    /// The tills of the store.
    public nonisolated let tills: [String]
    /// The programme in force.
    public private(set) var programme: Programme

    nonisolated let ledger: Ledger
    nonisolated let clock: AgentClock
    nonisolated let settings: CounterSettings
    nonisolated let board: StatusBoard
    nonisolated let logger: Logger
    /// Fires when a till's deadline may have moved; `TillService` sleeps until the deadline.
    nonisolated let deadlineChanges = Signal()
    /// Fires when the status may have changed; `TillService` then publishes it.
    nonisolated let statusChanges = Signal()
    /// Fires when an entry was recorded; `SyncService` then pushes it.
    nonisolated let recordings = Signal()
    /// Fires when HQ wants what waits now; `SyncService` then ends its pause.
    nonisolated let pulls = Signal()
    private var sessions: [String: TillSession] = [:]
    private var views: [String: TillView] = [:]
    private var madeKeyCount = 0
    /// Who may allow a compensation, and how many wrong codes were typed.
    var managerCodes: ManagerCodes

    /// Works on the ledger's thread, so that no award changes threads on its way (docs/adr/0038).
    public nonisolated var unownedExecutor: UnownedSerialExecutor { ledger.unownedExecutor }

    /// Creates the counter with idle tills.
    public init(
        ledger: Ledger,
        programme: Programme,
        clock: AgentClock,
        settings: CounterSettings,
        board: StatusBoard,
        hub: EventHub,
        logger: Logger
    ) {
        self.ledger = ledger
        self.programme = programme
        self.clock = clock
        self.settings = settings
        self.board = board
        self.hub = hub
        self.logger = logger
        tills = settings.tills
        managerCodes = ManagerCodes(settings.managers)
        board.setOnChange { [statusChanges] in statusChanges.fire() }
        for till in tills {
            sessions[till] = TillSession(stampsVisits: programme.stampsVisits)
            views[till] = TillView(till: till, number: 1, phase: .idle, at: clock.reading().wall)
        }
    }

    /// What a till shows now; nil for a till that is not configured.
    public func view(of till: String) -> TillView? {
        views[till]
    }

    /// Puts another edition of the programme in force; open tills start anew.
    public func replaceProgramme(_ programme: Programme) {
        self.programme = programme
        for till in tills {
            sessions[till] = TillSession(stampsVisits: programme.stampsVisits)
        }
        statusChanges.fire()
    }

    // MARK: - What the cashier does

    /// Handles one scan; whatever is wrong with it ends on the display, never in an error.
    public func handle(_ scan: Scan, till: String) async {
        guard let session = sessions[till] else { return }
        switch await reading(of: scan, isMemberAttached: session.member != nil) {
        case .input(let input): await handle(input, till: till)
        case .reward(let code): await choose(code: code, till: till)
        case .redeem: await redeem(till: till)
        case .repeated(let recorded): show(recorded, amount: nil, at: till)
        case .refused(let code): show(.refused(code: code, detail: [:]), at: till)
        case .notRecorded(let error): show(error, at: till)
        }
    }

    /// Tells the till that a scan was voided before it was whole.
    public func scanVoided(_ reason: ScanVoid, till: String) {
        show(.refused(code: reason.rawValue, detail: [:]), at: till)
    }

    /// Takes an amount that the cashier keyed as the sale at the till.
    ///
    /// - Parameters:
    ///   - amount: What was paid, in the currency's minor unit.
    ///   - till: The till.
    public func keyAmount(_ amount: Int64, till: String) async {
        let key = makeKey(for: .keyed, till: till)
        await handle(.sale(SaleEvidence(key: key, kind: .keyed, amount: amount)), till: till)
    }

    /// Closes what is open at the till.
    public func cancel(till: String) async {
        await handle(.cancel, till: till)
    }

    /// Takes back the till's last award.
    public func undo(till: String) async {
        await handle(.undo, till: till)
    }

    /// Gives a till's session an input, and does what it says.
    func handle(_ input: TillSession.Input, till: String) async {
        do throws(CounterError) {
            _ = try await perform(take(input, till: till), till: till)
        } catch {
            // Shown to the cashier by then; the operator reads the same in the log.
            logger.error("not recorded", metadata: ["till": "\(till)", "reason": "\(error)"])
        }
    }

    // MARK: - Sessions and views

    /// The member at a till, if one is attached.
    func member(at till: String) -> MemberNumber? {
        sessions[till]?.member
    }

    /// What a member who is at a till has chosen there.
    func wishes(of member: MemberNumber, at till: String) -> [Redemption] {
        guard let session = sessions[till], session.member == member else { return [] }
        return session.wishes
    }

    /// Whether a member's visit was recorded already while they are at the till.
    func isVisitRecorded(of member: MemberNumber, at till: String) -> Bool {
        sessions[till]?.isVisitRecorded(of: member) ?? false
    }

    /// Gives a till's session an input.
    ///
    /// - Returns: What to do, in order.
    func take(_ input: TillSession.Input, till: String) -> [TillSession.Action] {
        defer { deadlineChanges.fire() }
        return sessions[till]?.take(input, at: clock.uptime()) ?? []
    }

    /// Closes what was open for too long.
    ///
    /// - Returns: When to ask again, on the clock's uptime; nil while nothing is open.
    func closeOverdue() async -> Duration? {
        let now = clock.uptime()
        for till in tills {
            let actions = sessions[till]?.timePassed(at: now) ?? []
            for action in actions {
                if action == .conceal { show(.concealed, at: till) }
                if action == .clear { show(.idle, at: till) }
            }
        }
        return sessions.values.compactMap(\.deadline).min()
    }

    /// A key for a sale that has none of its own: clocks and a count tell it from every other.
    func makeKey(for kind: Evidence, till: String) -> SaleKey {
        let now = clock.reading()
        madeKeyCount += 1
        let text = "\(kind.rawValue)/\(till)/\(now.wall.unixMs)-\(now.sinceBootMs)-\(madeKeyCount)"
        guard let key = SaleKey(text) else {
            preconditionFailure("tills are identifiers, so the text is a key: \(text)")
        }
        return key
    }

    /// Publishes what a till shows next.
    func show(
        _ phase: TillView.Phase,
        member: MemberView? = nil,
        recorded: RecordedSale? = nil,
        amount: Int64? = nil,
        offers: [RewardOffer] = [],
        at till: String
    ) {
        guard let number = views[till]?.number else { return }
        let award: Award? =
            if case .award(let award)? = recorded?.decision { award } else { nil }
        let view = TillView(
            till: till,
            number: number + 1,
            phase: phase,
            member: member,
            earned: award?.postings ?? [],
            derivation: award?.derivation ?? [],
            entry: recorded?.entry,
            isRepeat: recorded?.isRepeat ?? false,
            amount: amount,
            offers: offers,
            chosen: member.map { wishes(of: $0.number, at: till) } ?? [],
            redeemed: award?.redeemed ?? [],
            due: award?.redeemed.isEmpty == false ? award?.due : nil,
            dropped: recorded?.dropped ?? [],
            at: clock.reading().wall
        )
        views[till] = view
        hub.publish(.till(view))
    }
}

/// What the counter is told about its store.
public struct CounterSettings: Sendable {
    /// The store's name, an identifier.
    public let store: String
    /// The tills, each an identifier; at least one.
    public let tills: [String]
    /// The keys that electronic invoices of our sellers are sealed with; empty if unknown.
    public let invoiceKeys: [EInvoiceKey]
    /// The agent's version, for the status.
    public let version: String
    /// The managers whose codes allow a compensation.
    public let managers: [Manager]

    /// Creates settings.
    public init(
        store: String,
        tills: [String],
        invoiceKeys: [EInvoiceKey],
        version: String,
        managers: [Manager] = []
    ) {
        self.store = store
        self.tills = tills
        self.invoiceKeys = invoiceKeys
        self.version = version
        self.managers = managers
    }
}

extension Programme {
    /// Whether a scan of a member's code alone is a visit that some card stamps.
    var stampsVisits: Bool { cards.contains { !$0.needsSale } }
}
