import LedgerDB
public import Logging
public import LoyaltyCore
public import ServiceLifecycle
import SyncWire

/// Fetches what HQ sends down, until told to stop: revocations first, then members and programmes.
///
/// Offline is normal: the store goes on with what it has. Nothing is used but what HQ signed, and
/// nothing goes back. Each step ends in a transaction of the ledger that holds the data and the
/// place together, so whoever is killed in between goes on from there.
public actor DownService<Link: DownLink>: Service {
    /// How often the members here are compared with HQ's.
    ///
    /// Source: SYNC.md section 2.5.
    static var digestPause: Duration { .seconds(3_600) }
    /// Members that one transaction takes, or one read gives.
    ///
    /// Source: our own bound; a till waits some 20 ms for them.
    static var sliceCount: Int { 2_000 }
    /// Changes that wait for the end of HQ's transaction at most; a snapshot is shorter then.
    ///
    /// Source: our own bound, some 30 MB of memory.
    static var stagedCountMax: Int { 100_000 }
    /// How often a programme whose day has come is looked for.
    static var activationPause: Duration { .seconds(30) }

    let counter: Counter
    let keys: SyncKeys
    let logger: Logger
    let link: Link
    let floor: TimeFloor
    let readProgramme: @Sendable (String) throws -> Programme
    /// Called after each step that is on the disk; tests end the agent there.
    let onStep: @Sendable () throws -> Void
    var plan = PushPlan()
    /// Whether all was fetched, so that the next question may wait for news.
    private var isSettled = false
    /// Whether HQ wants something of this device.
    var hasCommands = false
    /// Whether HQ was asked for grants since the agent started.
    var hasAskedForGrants = false
    /// What HQ's members add up to at our place, if we are at the end.
    var digest: StateDigest?
    var digestCheckedAt: Duration
    var programmeProblem: String?

    /// Creates the service; `run()` starts it.
    ///
    /// - Parameters:
    ///   - counter: Whose ledger takes what comes, and whose board shows how it goes.
    ///   - link: The line to HQ.
    ///   - keys: The device's key and HQ's.
    ///   - floor: Raised by each time that HQ signs.
    ///   - logger: Where steps and failures are logged.
    ///   - readProgramme: Reads and checks a programme's document, as the store's own file is.
    public init(
        counter: Counter,
        link: Link,
        keys: SyncKeys,
        floor: TimeFloor,
        logger: Logger,
        readProgramme: @escaping @Sendable (String) throws -> Programme
    ) {
        self.init(
            counter: counter,
            link: link,
            keys: keys,
            floor: floor,
            logger: logger,
            readProgramme: readProgramme,
            onStep: {}
        )
    }

    init(
        counter: Counter,
        link: Link,
        keys: SyncKeys,
        floor: TimeFloor,
        logger: Logger,
        readProgramme: @escaping @Sendable (String) throws -> Programme,
        onStep: @escaping @Sendable () throws -> Void
    ) {
        self.counter = counter
        self.link = link
        self.keys = keys
        self.floor = floor
        self.logger = logger
        self.readProgramme = readProgramme
        self.onStep = onStep
        digestCheckedAt = counter.clock.uptime()
    }

    var ledger: Ledger { counter.ledger }

    /// Fetches and waits in turn until a graceful shutdown or a cancellation.
    public func run() async throws {
        await activateLogging()
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            let pause = await fetchOnce()
            do {
                try await cancelWhenGracefulShutdown { try await self.wait(for: pause) }
            } catch is CancellationError {
                break
            }
        }
    }

    /// Waits, and puts programmes in force meanwhile whose day comes.
    private func wait(for duration: Duration) async throws {
        var rest = duration
        while rest > .zero {
            let step = min(rest, Self.activationPause)
            try await pause(for: step)
            rest -= step
            await activateLogging()
        }
    }

    /// Fetches all there is, or waits at HQ for something new.
    ///
    /// - Returns: How long to wait before the next time.
    func fetchOnce() async -> Duration {
        let began = counter.clock.uptime()
        let outcome: PushOutcome
        do {
            outcome = .current(serverMs: try await fetch())
            isSettled = true
        } catch let failure as DownFailure {
            outcome = failure.outcome
        } catch LedgerError.downRefused(let detail) {
            outcome = .incredible(detail)
        } catch is CancellationError {
            return .zero
        } catch {
            outcome = .unreachable("the ledger does not take what HQ sent: \(error)")
        }
        if case .current = outcome {} else { isSettled = false }
        let step = plan.take(
            outcome,
            nowMs: counter.clock.reading().wall.unixMs,
            jitter: Double.random(in: 0...1)
        )
        await report(outcome)
        switch step {
        case .wait(let pause), .listen(let pause): return pause
        // What is said of the log counts where the log is pushed.
        case .begin: return PushPlan.slowPause
        // An HQ that does not hold the question must not be asked without a pause.
        case .proceed:
            return counter.clock.uptime() - began < .milliseconds(500) ? .seconds(1) : .zero
        }
    }

    private func fetch() async throws -> Int64 {
        try await fetchRevocations()
        try await goOnLoading()
        let serverMs = try await fetchChanges()
        try await obey()
        try await fetchDocuments()
        try await activate()
        try await checkDigest()
        return serverMs
    }

    // MARK: - Feeds

    /// Takes the revocations; a store whose place HQ forgot takes all of them anew.
    private func fetchRevocations() async throws {
        var since = try await ledger.place(in: .revocations)
        var isWhole = since == nil
        var staged: [ChangeV1] = []
        while true {
            let reply = try await ask(.revocations, since: since)
            if reply.isExpired, !isWhole {
                (since, isWhole, staged) = (nil, true, [])
                continue
            }
            let page = try page(reply, of: .revocations, since: since)
            staged += page.changes
            since = page.next
            guard page.isComplete, !isWhole || !page.hasMore else { continue }
            if !staged.isEmpty || isWhole {
                try await ledger.apply(
                    staged,
                    of: .revocations,
                    upTo: page.next,
                    replacing: isWhole
                )
                try onStep()
            }
            (staged, isWhole) = ([], false)
            if !page.hasMore { return }
        }
    }

    /// Takes the changes, or a snapshot and the changes after it.
    ///
    /// - Returns: HQ's clock.
    private func fetchChanges() async throws -> Int64 {
        var since = try await ledger.place(in: .changes)
        var staged: [ChangeV1] = []
        var hasLoaded = false
        while true {
            let reply = try await ask(.changes, since: since, waitS: isSettled ? Self.waitS : nil)
            isSettled = false
            if reply.status == 303 || reply.isExpired || staged.count > Self.stagedCountMax {
                guard !hasLoaded
                else { throw DownFailure(.unreachable("HQ wants a snapshot again and again")) }
                hasLoaded = true
                try await fetchSnapshot()
                (since, staged) = (try await ledger.place(in: .changes), [])
                continue
            }
            let page = try page(reply, of: .changes, since: since)
            staged += page.changes
            since = page.next
            if page.isComplete {
                if !staged.isEmpty {
                    try await ledger.apply(staged, of: .changes, upTo: page.next)
                    try onStep()
                    logger.info("changes taken", metadata: ["place": "\(page.next.text)"])
                }
                staged = []
            }
            if !page.hasMore {
                digest = page.digest
                hasCommands = page.hasCommands
                return page.serverMs
            }
        }
    }

    private static var waitS: Int64 { ChangePageV1.waitSMax }

    private func ask(
        _ feed: Feed,
        since: FeedCursor?,
        waitS: Int64? = nil
    ) async throws -> PushReply {
        try await ask(
            feed.path,
            query: since.map { "since=\($0.text)" },
            waitS: waitS,
            byteCountMax: ChangePageV1.byteCountMax
        )
    }

    private func page(
        _ reply: PushReply,
        of feed: Feed,
        since: FeedCursor?
    ) throws -> ChangePageV1 {
        let page = try signed(reply) { bytes, key throws(DownError) in
            try ChangePageV1(parsing: bytes, signedBy: key)
        }
        guard page.feed == feed, page.since == since
        else { throw DownFailure(.incredible("it answers another question")) }
        if page.hasMore, let since, page.next <= since {
            throw DownFailure(.incredible("it has more, and does not come to it"))
        }
        floor.raise(to: WallTime(unixMs: page.serverMs))
        return page
    }

    /// Writes on the board and in the log how it went.
    private func report(_ outcome: PushOutcome) async {
        var place: String?
        do {
            place = try await ledger.place(in: .changes)?.text
        } catch {
            // The status tells the ledger's own trouble.
        }
        let (problem, isAlarming) = (plan.problem, plan.isAlarming)
        if let problem {
            logger.log(
                level: isAlarming ? .warning : .notice,
                "nothing came down",
                metadata: ["error": "\(problem)"]
            )
        }
        let (wall, programmeProblem) = (counter.clock.reading().wall, programmeProblem)
        counter.board.update { notes in
            notes.down.place = place ?? notes.down.place
            notes.down.problem = problem
            notes.down.alarm = isAlarming ? problem : programmeProblem
            guard case .current = outcome else { return }
            notes.down.currentAt = wall
            notes.down.loading = nil
        }
    }
}
