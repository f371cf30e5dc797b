import Documents
import Foundation
import LedgerDB
import Logging
import LoyaltyCore
import StampAgent
import SyncWire
import Synchronization

/// A store with the real counter, ledger and sync of an agent, and a wall clock that may be wrong.
final class SimulatedStore: Sendable {
    let number: Int
    let ledger: Ledger
    let counter: Counter
    let clock: AgentClock
    let floor = TimeFloor()
    let key = SigningKey()
    let skew = WallSkew()
    /// The one member who buys here: what they hold at HQ tells how often a sale was booked.
    let member: MemberNumber
    private let sales = Mutex<[Int64: ClosedRange<Int64>]>([:])

    /// Opens a store whose ledger is a new file in a directory.
    ///
    /// - Parameters:
    ///   - number: Which store it is, from 1.
    ///   - directory: Where it gets a directory of its own.
    ///   - isLight: Whether its commits need not be durable, so that thousands of stores can share
    ///     a disk.
    /// - Throws: `LedgerError`, and what Foundation throws when a directory cannot be made.
    init(_ number: Int, in directory: String, isLight: Bool) throws {
        guard let member = MemberNumber(value: Int64(1_000 + number))
        else { preconditionFailure("the number has its digits") }
        self.number = number
        self.member = member
        let path = "\(directory)/store\(number)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        clock = .simulated(floor: floor, skew: skew)
        ledger = try Self.open(path, key, clock, isLight: isLight)
        counter = Counter(
            ledger: ledger,
            programme: try .simulated(),
            clock: clock,
            settings: CounterSettings(
                store: "s\(number)",
                tills: ["1"],
                invoiceKeys: [],
                version: "simulated"
            ),
            board: StatusBoard(hqURL: nil),
            hub: EventHub(),
            logger: .silent
        )
    }

    private static func open(
        _ path: String,
        _ key: SigningKey,
        _ clock: AgentClock,
        isLight: Bool
    ) throws -> Ledger {
        var settings = Ledger.Settings(path: "\(path)/ledger.sqlite")
        settings.ballastByteCount = 0
        if isLight { settings.synchronous = .off }
        let random = { (count: Int) in (0..<count).map { _ in UInt8.random(in: .min ... .max) } }
        return try Ledger.open(
            settings,
            identity: LogIdentity(
                device: DeviceID(at: clock.reading().wall, random: random(10)),
                epoch: 1,
                publicKey: key.publicKey.bytes,
                nonce: random(LogIdentity.nonceByteCount)
            ),
            boot: BootFact(bootID: Hex.text(random(16)), version: "simulated"),
            at: clock.reading()
        )
    }

    /// When each sale happened, by its entry's number: an interval of POSIX milliseconds.
    var saleTimes: [Int64: ClosedRange<Int64>] { sales.withLock { $0 } }

    /// How often the store sold.
    var saleCount: Int { sales.withLock { $0.count } }

    /// Asks HQ to let the store in, with a code of its operator.
    ///
    /// - Returns: HQ's key, as it is pinned.
    func enrol(_ code: EnrolmentCode, over link: HTTPLink) async throws -> PublicKey {
        let enroller = Enroller(authority: link.authority) { try await link.enrol($0) }
        let wish = EnrolmentV1(
            code: code,
            identity: ledger.identity,
            hardware: .init(model: "simulated", kernel: "simulated", version: "simulated")
        )
        return try await enroller.enrol(
            wish,
            signedBy: key,
            expecting: nil,
            nowMs: clock.reading().wall.unixMs
        ).key
    }

    /// Notes a sale that never was.
    func notePhantomSale() {
        sales.withLock { $0[0] = 0...0 }
    }

    /// Sells one thing, and notes when.
    func sell() async throws {
        let count = sales.withLock { $0.count }
        guard let saleKey = SaleKey("pos/s\(number)-\(count)")
        else { preconditionFailure("letters and digits are a key") }
        let sale = PosSale(
            key: saleKey,
            memberCode: member.description,
            amount: Int64(35 + count % 1_000),
            till: "1"
        )
        let startedMs = AgentClock.machine.reading().wall.unixMs
        guard case .recorded(let recorded) = try await counter.recordSale(sale),
            let entry = recorded.entry
        else { return }
        sales.withLock {
            $0[entry] = startedMs...max(startedMs, AgentClock.machine.reading().wall.unixMs)
        }
    }
}

/// What a store's wall clock is ahead of the truth.
final class WallSkew: Sendable {
    private let skewMs = Mutex<Int64?>(nil)

    /// Milliseconds ahead; nil while NTP keeps the clock.
    var current: Int64? { skewMs.withLock { $0 } }

    /// Sets the clock.
    func set(_ new: Int64?) {
        skewMs.withLock { $0 = new }
    }
}

extension AgentClock {
    /// The machine's own clocks, believed.
    static let machine = system(floor: TimeFloor(), isSynchronised: { true })

    /// The machine's clocks, with a wall clock that is set wrong.
    static func simulated(floor: TimeFloor, skew: WallSkew) -> Self {
        Self(
            reading: {
                let skewMs = skew.current
                let truth = machine.reading()
                let judged = floor.judge(
                    WallTime(unixMs: truth.wall.unixMs + (skewMs ?? 0)),
                    sinceBootMs: truth.sinceBootMs,
                    isSynchronised: skewMs == nil
                )
                return ClockReading(
                    wall: judged.wall,
                    quality: judged.quality,
                    sinceBootMs: truth.sinceBootMs
                )
            },
            uptime: machine.uptime
        )
    }
}

extension Programme {
    /// A stamp for each sale, and points, without a guard: every sale is an entry.
    static let simulatedDocument = """
        programme: simulated
        version: 1
        title: {zh-Hant: 模擬, en: Simulated}
        currency: TWD
        utcOffset: "+08:00"
        dayTurnsAtHour: 0
        from: 1970-01-01
        through: 2079-07-07
        amountMax: 100000
        receipts: {ageDaysMax: 366}
        cards:
          - id: latte
            title: {zh-Hant: 拿鐵, en: Latte}
            reward: {zh-Hant: 一杯, en: one cup}
            stamps: 10
            perVisit: 1
            stampsEach: sale
            guard: none
        rules:
          - {id: base, per: 35, give: 1}
        """

    /// The programme of all simulated stores; their HQ decides again by the same document.
    static func simulated() throws -> Programme {
        try ProgrammeDocument.programme(from: simulatedDocument, file: "simulated")
    }
}

extension Logger {
    /// Tells nobody anything: a simulation has thousands of stores.
    static let silent = Logger(label: "simulated") { _ in SwiftLogNoOpLogHandler() }
}
