import LedgerDB
import LoyaltyCore
import StampAgent
import SyncWire

@testable import StampAgent

/// An entry, and what only the model knows of it.
struct ModelEntry {
    let line: LogLine
    let at: Moment
    /// When it truly happened.
    let trueMs: Int64
    let anchor: AnchorFact?
}

/// A store: what is on its disk, and what a power cut takes.
struct ModelDevice {
    /// What is being written; a commit is a `sync` event later.
    struct Write {
        /// What the clocks said when it was asked for.
        let at: Moment
        /// When that was.
        let trueMs: Int64
        let content: Content
    }

    enum Content {
        case entry
        /// Watermarks that an acknowledgement brings, and HQ's time if it is to be an entry.
        case marks(Watermarks, AnchorFact?, AckV1, isDirect: Bool)
    }

    let number: Int
    let identity: LogIdentity
    let genesis: ChainHash

    // On the disk.
    var log: [ModelEntry] = []
    /// The first entry that was not forgotten.
    var first: Int64 = 1
    var watermarks = Watermarks.none
    var boot: Int64 = 1
    var lastAnchor: Anchor?

    // What was promised to customers: the hash up to each entry that was beeped.
    var beeped: [ChainHash] = []

    // In memory.
    var isUp = true
    var write: Write?
    var writeToken = 0
    var plan = PushPlan()
    var floor = TimeFloor()
    /// The request on its way; an answer to another is nobody's.
    var request: Int?
    var timerToken = 0
    /// Whether HQ's time was taken since the last success; only a mutant looks.
    var isSkewCorrected = false
    /// Whether a push will come by itself; else an entry starts it.
    var hasTimer = false

    // The machine's clocks.
    var bootedAtMs: Int64 = 0
    var wallOffsetMs: Int64 = 0
    var isSynchronised = true
    /// What the boot clock runs wrong, in parts in a million.
    var drift: Int64 = 0

    init(_ number: Int) {
        self.number = number
        identity = LogIdentity(
            device: DeviceID(at: WallTime(unixMs: 1), random: [UInt8(number)]),
            epoch: 1,
            publicKey: Array(repeating: UInt8(number), count: 32),
            nonce: Array(repeating: UInt8(number), count: 16)
        )
        genesis = identity.genesis
    }

    var headSequence: Int64 { Int64(log.count) }
    var headHash: ChainHash { log.last?.line.hash ?? genesis }

    func position(_ sequence: Int64) -> LogPosition {
        LogPosition(
            sequence: sequence,
            hash: sequence == 0 ? genesis : log[Int(sequence) - 1].line.hash
        )
    }

    func reading(_ nowMs: Int64) -> ClockReading {
        let trueSinceBootMs = nowMs - bootedAtMs
        let sinceBootMs = trueSinceBootMs + trueSinceBootMs / 1_000 * drift / 1_000
        let judged = floor.judge(
            WallTime(unixMs: nowMs + wallOffsetMs),
            sinceBootMs: sinceBootMs,
            isSynchronised: isSynchronised
        )
        return ClockReading(
            wall: judged.wall,
            quality: judged.quality,
            sinceBootMs: sinceBootMs
        )
    }

    /// What `LogExchange` tells the rule of the place that an acknowledgement names.
    func holding(at sequence: Int64) -> AckRule.Holding {
        if sequence == 0 || sequence == headSequence { return .entry(position(sequence)) }
        guard sequence > 0, sequence < headSequence else { return .nothing }
        return sequence < first ? .pruned : .entry(position(sequence))
    }

    var ackRule: AckRule {
        AckRule(device: identity.device, epoch: 1, watermarks: watermarks)
    }

    /// Starts anew with what the disk has.
    mutating func start(at nowMs: Int64, isNewBoot: Bool) {
        isUp = true
        plan = PushPlan()
        floor = TimeFloor()
        if let lastAnchor { floor.raise(to: WallTime(unixMs: lastAnchor.fact.serverMs)) }
        if let last = log.last, [.ntp, .anchor].contains(last.at.quality) {
            floor.raise(to: last.at.wall)
        }
        if isNewBoot {
            boot += 1
            bootedAtMs = nowMs
        } else if let lastAnchor, lastAnchor.boot == boot {
            floor.anchor(
                WallTime(unixMs: lastAnchor.fact.serverMs),
                sinceBootMs: lastAnchor.sinceBootMs
            )
        }
    }

    /// Loses what was in memory.
    mutating func stop() {
        isUp = false
        write = nil
        writeToken += 1
        request = nil
        timerToken += 1
        hasTimer = false
    }
}
