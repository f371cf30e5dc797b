public import LoyaltyCore

/// How the agent is, for `stampctl status` and the cashier's page.
public struct AgentStatus: Hashable, Sendable {
    /// The agent's version.
    public var version: String
    /// The store's name from the configuration.
    public var store: String
    /// The device's identifier.
    public var device: String
    /// The edition in force.
    public var programme: ProgrammeReference
    /// Why the programme file on disk is not in force, if it is not.
    public var programmeProblem: String?
    /// The scanners, attached ones and adopted ones that are missing.
    public var scanners: [ScannerStatus]
    /// What HQ has not yet acknowledged.
    public var queue: QueueStatus
    /// How the line to HQ is.
    public var hq: HQStatus
    /// What HQ sends down.
    public var down: DownStatus
    /// Why the device's key is not followed by another although it is time, if so.
    public var keyProblem: String?
    /// How far the wall clock can be trusted.
    public var clock: ClockQuality
    /// Free bytes on the ledger's disk.
    public var freeByteCount: Int64
    /// Whether the ledger records, and why not; nil while it does.
    public var ledgerProblem: String?
    /// Which incarnation of the log entries are recorded in.
    public var epoch: Int64 = 1
    /// Why nothing may be redeemed here; nil while it may.
    public var freeze: RedemptionFreeze?
    /// What the operator should do, the most urgent first; empty while all is well.
    public var advice: [Advice]

    /// Creates a status.
    public init(
        version: String,
        store: String,
        device: String,
        programme: ProgrammeReference,
        programmeProblem: String? = nil,
        scanners: [ScannerStatus] = [],
        queue: QueueStatus,
        hq: HQStatus,
        down: DownStatus = DownStatus(),
        keyProblem: String? = nil,
        clock: ClockQuality,
        freeByteCount: Int64,
        ledgerProblem: String? = nil,
        advice: [Advice] = []
    ) {
        self.version = version
        self.store = store
        self.device = device
        self.programme = programme
        self.programmeProblem = programmeProblem
        self.scanners = scanners
        self.queue = queue
        self.hq = hq
        self.down = down
        self.keyProblem = keyProblem
        self.clock = clock
        self.freeByteCount = freeByteCount
        self.ledgerProblem = ledgerProblem
        self.advice = advice
    }
}

/// A scanner as the operator sees it.
public struct ScannerStatus: Hashable, Sendable {
    /// Its identity: vendor, product and serial number or port.
    public var identity: String
    /// What the operator calls it, or its product name.
    public var label: String
    /// `keyboard`, `serial` or `hid-pos`.
    public var transport: String
    /// The till that it belongs to.
    public var till: String
    /// Whether it is plugged in and read.
    public var isAttached: Bool
    /// What is wrong with it, if something is.
    public var problem: String?

    /// Creates a status.
    public init(
        identity: String,
        label: String,
        transport: String,
        till: String,
        isAttached: Bool,
        problem: String? = nil
    ) {
        self.identity = identity
        self.label = label
        self.transport = transport
        self.till = till
        self.isAttached = isAttached
        self.problem = problem
    }
}

/// What HQ has not yet acknowledged.
public struct QueueStatus: Hashable, Sendable {
    /// Entries not acknowledged.
    public var pendingCount: Int64
    /// Age of the oldest of them, in seconds; nil if there is none.
    public var oldestAgeSeconds: Int64?
    /// The newest entry.
    public var headSequence: Int64
    /// The newest entry that HQ holds.
    public var receivedSequence: Int64

    /// Creates a status.
    public init(
        pendingCount: Int64,
        oldestAgeSeconds: Int64?,
        headSequence: Int64,
        receivedSequence: Int64
    ) {
        self.pendingCount = pendingCount
        self.oldestAgeSeconds = oldestAgeSeconds
        self.headSequence = headSequence
        self.receivedSequence = receivedSequence
    }
}

/// How the line to HQ is.
public struct HQStatus: Hashable, Sendable {
    /// Where HQ is, or nil if none is configured.
    public var url: String?
    /// Whether the last call succeeded; nil before the first.
    public var isOnline: Bool?
    /// When HQ last acknowledged, by the store's wall clock.
    public var lastAckAt: WallTime?
    /// Why the last call failed, if it did.
    public var problem: String?
    /// Seconds until the next try; nil while online.
    public var retryInSeconds: Int64?
    /// Entries that HQ set aside, over the agent's run.
    public var quarantinedCount: Int64

    /// Creates a status.
    public init(
        url: String?,
        isOnline: Bool? = nil,
        lastAckAt: WallTime? = nil,
        problem: String? = nil,
        retryInSeconds: Int64? = nil,
        quarantinedCount: Int64 = 0
    ) {
        self.url = url
        self.isOnline = isOnline
        self.lastAckAt = lastAckAt
        self.problem = problem
        self.retryInSeconds = retryInSeconds
        self.quarantinedCount = quarantinedCount
    }
}

/// How far the store has what HQ sends down: members, revocations, programmes.
public struct DownStatus: Hashable, Sendable {
    /// The place in HQ's feed of changes; nil before the first.
    public var place: String?
    /// When all that HQ had was here, by the store's wall clock.
    public var currentAt: WallTime?
    /// How much of a snapshot is loaded, such as `3 of 9`; nil while none is.
    public var loading: String?
    /// Why nothing came down the last time, if so.
    public var problem: String?
    /// What HQ must look at, if there is something: the store goes on with what it has.
    public var alarm: String?
    /// How often the members here were not HQ's, over the agent's run.
    public var mismatchCount: Int64 = 0

    /// Creates a status before anything came.
    public init() {}
}

/// Something the operator should do.
public struct Advice: Hashable, Sendable {
    /// A stable name, such as `disk-low`, that string tables know.
    public var code: String
    /// One English sentence for the terminal: what is wrong and what to do.
    public var text: String

    /// Creates advice.
    public init(code: String, text: String) {
        self.code = code
        self.text = text
    }
}
