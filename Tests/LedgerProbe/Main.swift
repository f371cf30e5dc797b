import Glibc
import LedgerDB
import LoyaltyCore
import SyncWire

/// A ledger in a process of its own, for tests that kill it, starve it, or compete with it.
///
///     ledgerprobe record PATH FIRST COUNT [off|normal|full [MEMBERS]]
///                                  records sales and tells of each, for 997 members or as many
///     ledgerprobe refund …         as record, with a part of every third sale taken back
///     ledgerprobe verify PATH      verifies chains and balances, prints the last entry
///     ledgerprobe bench PATH COUNT MEMBERS   measures, and compares with plain sqlite3 calls
///     ledgerprobe hold PATH        opens the ledger and waits for the end of its input
///
/// Each line it prints is one fact, written at once: `open N`, `ack SEQUENCE`, `error NAME`.
@main
struct LedgerProbe {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count >= 2 else {
            say(
                "usage: ledgerprobe record|refund|verify|bench|hold PATH [NUMBERS]: see the source"
            )
            exit(2)
        }
        do {
            switch arguments[0] {
            case "record": try await record(arguments)
            case "refund": try await record(arguments, refunds: true)
            case "verify": try await verify(arguments[1])
            case "bench": try await ProbeBench.run(arguments)
            default:
                let ledger = try await open(arguments[1])
                while readLine() != nil {}
                await ledger.close()
            }
        } catch {
            say("error \(name(of: error))")
            exit(1)
        }
    }

    /// Records sales; an error is told and the next sale tried, as a till would.
    private static func record(_ arguments: [String], refunds: Bool = false) async throws {
        let first = arguments.count > 2 ? Int64(arguments[2]) ?? 0 : 0
        let count = arguments.count > 3 ? Int64(arguments[3]) ?? 0 : 0
        let ledger = try await open(
            arguments[1],
            synchronous: arguments.count > 4 ? arguments[4] : "full"
        )
        let memberCount = arguments.count > 5 ? Int64(arguments[5]) ?? 997 : 997
        let programme = try ProbeSales.programme()
        for index in first..<first + count {
            do {
                let recorded = try await ledger.record(
                    ProbeSales.sale(index),
                    of: ProbeSales.member(index, of: memberCount),
                    at: ProbeSales.reading(index),
                    under: programme
                )
                say("ack \(recorded.sequence ?? 0)")
                if refunds, index % 3 == 2 {
                    let outcome = try await ledger.refund(
                        ProbeSales.refund(index),
                        at: ProbeSales.reading(index),
                        under: programme
                    )
                    guard case .refunded(let refunded) = outcome else { continue }
                    say("ack \(refunded.sequence)")
                }
            } catch {
                say("error \(name(of: error))")
            }
            // Allowed: a checkpoint that fails shows in the next award.
            if index % 64 == 63 { try? await ledger.checkpointIfIdle() }
            // Allowed: an acknowledgement that fails is only sent again.
            if index % 16 == 15, let head = try? await ledger.head() {
                // Allowed: as above.
                try? await ledger.acknowledge(
                    Watermarks(received: head.sequence, posted: head.sequence, prunable: 0)
                )
            }
        }
        await ledger.close()
    }

    /// Verifies that the chain holds and that each balance is the sum of the log.
    private static func verify(_ path: String) async throws {
        let ledger = try await open(path)
        try await ledger.verifyChain()
        var points: [MemberNumber: Int64] = [:]
        var keys: Set<SaleKey> = []
        var last: Int64 = 0
        var isWhole = true
        var hasRefunds = false
        let logs: [EarlierLog?] = await ledger.earlierLogs()
        for log in logs + [nil] {
            last = (log?.first ?? 1) - 1
            // What stands before a run is at HQ, and counted here no more.
            if last > 0 { isWhole = false }
            while true {
                let lines = try await lines(of: log, after: last, ledger)
                if lines.isEmpty { break }
                for line in lines {
                    guard line.sequence == last + 1 else { throw LedgerError.damaged("gap") }
                    last = line.sequence
                    // The first of a run only vouches for what follows.
                    if let log, log.first > 1, line.sequence == log.first { continue }
                    let fact = try EntryLineV1.entry(from: line.body).fact
                    if case .lost = fact { isWhole = false }
                    if case .refund(let refund) = fact {
                        hasRefunds = true
                        for posting in refund.postings where posting.asset == .points {
                            points[refund.member, default: 0] += posting.amount
                        }
                        let answer = try await ledger.answer(toRefund: refund.refund)
                        guard answer?.sequence == line.sequence
                        else { throw LedgerError.damaged("a refund without its answer") }
                    }
                    guard case .award(let award) = fact else { continue }
                    guard keys.insert(award.sale.key).inserted
                    else { throw LedgerError.damaged("one sale, two awards") }
                    for posting in award.postings where posting.asset == .points {
                        points[award.member, default: 0] += posting.amount
                    }
                    let answer = try await ledger.answer(to: award.sale.key)
                    guard answer?.sequence == line.sequence
                    else { throw LedgerError.damaged("an award without its answer") }
                }
            }
        }
        for (member, sum) in points {
            let balance = try await ledger.member(member).standing.balance(of: .points)
            // What was lost of the log was promised all the same; of a sale a third may have come
            // back by a refund that was lost.
            let isLost = !isWhole && (balance > sum || hasRefunds && balance * 3 >= sum * 2)
            guard balance == sum || isLost
            else { throw LedgerError.damaged("balance \(balance) of \(sum)") }
        }
        if ledger.identity.epoch > 1 { say("salvaged \(ledger.identity.epoch)") }
        say("sound \(last)")
        await ledger.close()
    }

    /// Lines of a log that ended, or of the one that grows.
    private static func lines(
        of log: EarlierLog?,
        after last: Int64,
        _ ledger: Ledger
    ) async throws -> [LogLine] {
        guard let log else {
            return try await ledger.slice(after: last, countMax: 1_000, byteCountMax: 1 << 20)
        }
        return try await ledger.slice(
            of: log,
            after: last,
            countMax: 1_000,
            byteCountMax: 1 << 20
        )
    }

    static func open(_ path: String, synchronous: String = "full") async throws -> Ledger {
        var settings = Ledger.Settings(path: path)
        settings.ballastByteCount = 0
        settings.synchronous =
            switch synchronous {
            case "off": .off
            case "normal": .normal
            default: .full
            }
        let ledger = try Ledger.open(
            settings,
            identity: LogIdentity(
                device: DeviceID(at: WallTime(unixMs: 1_790_000_000_000), random: Array(1...10)),
                epoch: 1,
                publicKey: Array(repeating: 7, count: 32),
                nonce: Array(repeating: 9, count: 16)
            ),
            boot: BootFact(bootID: "00000000000000000000000000000001", version: "0.1.0"),
            at: ProbeSales.reading(0)
        )
        say("open \(try await ledger.head().sequence)")
        return ledger
    }

    /// The error's case, if it carries something, and its words.
    private static func name(of error: any Error) -> String {
        "\(Mirror(reflecting: error).children.first?.label ?? "-") \(error)"
    }

    /// Prints a line in one write, so that a killed process has said all that it said.
    static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(STDOUT_FILENO, bytes, bytes.count)
    }
}

/// The sales that the probe records, each a function of its number.
enum ProbeSales {
    static func sale(_ index: Int64) -> Sale {
        guard let key = SaleKey("probe/\(index)") else { preconditionFailure("a key of digits") }
        return Sale(
            key: key,
            evidence: .pos,
            amount: 35 + index % 1_000,
            businessDate: BusinessDate(dayNumber: 20_779),
            opensVisit: true,
            till: "till-1"
        )
    }

    /// A third of a sale comes back.
    static func refund(_ index: Int64) -> RefundRequest {
        guard let key = SaleKey("probe-back/\(index)"), let sale = SaleKey("probe/\(index)")
        else { preconditionFailure("keys of digits") }
        return RefundRequest(key: key, of: sale, amount: (35 + index % 1_000) / 3)
    }

    static func member(_ index: Int64, of memberCount: Int64) -> MemberNumber {
        guard let member = MemberNumber(value: index * 7_919 % max(1, memberCount))
        else { preconditionFailure("more members than numbers") }
        return member
    }

    static func reading(_ index: Int64) -> ClockReading {
        ClockReading(
            wall: WallTime(unixMs: 1_795_320_000_000 + index * 1_000),
            quality: .ntp,
            sinceBootMs: index * 1_000
        )
    }

    static func programme() throws -> Programme {
        let words = LocalText(zhHant: "拿鐵", en: "Latte")
        return try Programme(
            name: "probe",
            version: 1,
            title: words,
            currency: "TWD",
            calendar: .taipei,
            firstDate: BusinessDate(dayNumber: 0),
            lastDate: BusinessDate(dayNumber: 40_000),
            saleAmountMax: Programme.amountMax,
            receipts: ReceiptPolicy(ageDaysMax: 7, sellerIDs: []),
            cards: [
                StampCard(
                    id: "latte",
                    title: words,
                    reward: words,
                    size: 10,
                    stampsPerVisit: 1,
                    needsSale: false,
                    doubleGrantGuard: .businessDay
                )
            ],
            rules: [Rule(id: "base", per: 35, give: 1)]
        )
    }
}
