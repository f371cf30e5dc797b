import LoyaltyCore
import StampHQ
import SyncWire
import Testing

/// A store's device with its log, made by hand.
struct TestDevice {
    let key: SigningKey
    var identity: LogIdentity
    private(set) var lines: [LogLine] = []

    init(_ number: Int = 1, epoch: Int64 = 1) throws {
        let seed = Array(repeating: UInt8(number), count: 32)
        key = try #require(SigningKey(seed: seed))
        identity = LogIdentity(
            device: DeviceID(at: WallTime(unixMs: 1_700_000_000_000), random: [UInt8(number)]),
            epoch: epoch,
            publicKey: key.publicKey.bytes,
            nonce: Array(repeating: UInt8(number), count: 16)
        )
    }

    var head: LogPosition { lines.last?.position ?? identity.start }

    /// Writes a line that may be anything.
    mutating func append(_ body: String) {
        let sequence = head.sequence + 1
        let bytes = Array(body.utf8)
        lines.append(
            LogLine(sequence: sequence, body: bytes, hash: head.hash.extended(by: sequence, bytes))
        )
    }

    mutating func append(_ fact: Fact, sequence: Int64? = nil) {
        let now = WallTime(unixMs: 1_789_999_000_000 + head.sequence)
        let entry = Entry(
            sequence: sequence ?? head.sequence + 1,
            at: Moment(wall: now, quality: .ntp, boot: 1, sinceBootMs: head.sequence),
            hybridTime: HybridTime(wallMs: now.unixMs, count: 0),
            fact: fact
        )
        append(String(decoding: EntryLineV1.bytes(of: entry), as: UTF8.self))
    }

    /// Writes an award of points and a stamp.
    mutating func award(
        _ key: String,
        to member: Int64 = 1,
        points: Int64 = 10,
        stamps: Int64 = 1,
        evidence: Evidence = .pos,
        under programme: ProgrammeReference = ProgrammeReference(
            name: "coffee",
            version: 1,
            digest: String(repeating: "0", count: 64)
        ),
        amount: Int64 = 100,
        counts: [TallyChange] = []
    ) throws {
        append(
            .award(
                AwardFact(
                    member: try #require(MemberNumber(value: member)),
                    programme: programme,
                    sale: Sale(
                        key: try #require(SaleKey(key)),
                        evidence: evidence,
                        amount: amount,
                        businessDate: try #require(BusinessDate("2026-09-21")),
                        opensVisit: true,
                        till: "1"
                    ),
                    lastVisits: [:],
                    postings: postings(points, stamps),
                    tallies: counts
                )
            )
        )
    }

    /// Writes a void of an award.
    mutating func void(
        _ key: String,
        of sequence: Int64,
        member: Int64 = 1,
        points: Int64 = 10,
        stamps: Int64 = 1
    ) throws {
        append(
            .void(
                VoidFact(
                    member: try #require(MemberNumber(value: member)),
                    key: try #require(SaleKey(key)),
                    sequence: sequence,
                    postings: postings(-points, -stamps)
                )
            )
        )
    }

    /// Writes a refund of an award of 10 points for 100.
    mutating func refund(
        _ refund: String,
        of key: String,
        at sequence: Int64,
        _ amount: Int64,
        points: Int64,
        stamps: Int64 = 0,
        before: Refunded = Refunded(),
        owed: Int64 = 0,
        posted: Int64? = nil,
        settled: Int64 = 100,
        member: Int64 = 1,
        reads: StandingReads = StandingReads(),
        under programme: ProgrammeReference = ProgrammeReference(
            name: "coffee",
            version: 1,
            digest: String(repeating: "0", count: 64)
        ),
        counts: [TallyChange] = []
    ) throws {
        let debt = TallyChange(Tally(.debt(.points)), owed)
        let moved = [
            AssetAmount(.points, -points), AssetAmount(.stamps(ofCard: "latte"), -stamps),
        ]
        append(
            .refund(
                RefundFact(
                    refund: try #require(SaleKey(refund)),
                    member: try #require(MemberNumber(value: member)),
                    key: try #require(SaleKey(key)),
                    sequence: sequence,
                    programme: programme,
                    till: "1",
                    businessDate: try #require(BusinessDate("2026-09-22")),
                    amount: amount,
                    settled: settled,
                    before: before,
                    reads: reads,
                    moved: moved.filter { $0.amount != 0 },
                    postings: postings(posted ?? owed - points, -stamps).filter { $0.amount != 0 },
                    tallies: (owed == 0 ? [] : [debt]) + counts
                )
            )
        )
    }

    private func postings(_ points: Int64, _ stamps: Int64) -> [Posting] {
        [
            Posting(.points, .never, points),
            Posting(.stamps(ofCard: "latte"), .never, stamps),
        ]
    }

    /// Cuts a batch: the entries after one, or some of them.
    func batch(
        after sequence: Int64 = 0,
        through last: Int64 = .max,
        pending: Int64? = nil,
        signedBy other: SigningKey? = nil
    ) -> BatchV1 {
        let start = lines.last { $0.sequence <= sequence }?.position ?? identity.start
        return BatchV1(
            of: lines.filter { $0.sequence > sequence && $0.sequence <= last },
            after: start,
            identity: identity,
            report: report(pending: pending ?? head.sequence - start.sequence),
            signedBy: other ?? key
        )
    }

    func report(pending: Int64) -> DeviceReportV1 {
        DeviceReportV1(
            now: Moment(
                wall: WallTime(unixMs: 1_790_000_000_000),
                quality: .ntp,
                boot: 1,
                sinceBootMs: 5_000
            ),
            pendingCount: pending,
            oldestAgeS: 3,
            programmeDigest: nil,
            freeMB: 900
        )
    }

    /// Signs a push of a batch with a new nonce.
    func request(
        _ batch: BatchV1,
        to hq: RunningHQ,
        offsetS: Int64 = 0,
        nonce: String = Hex.text((0..<16).map { _ in UInt8.random(in: 0...255) }),
        signedBy other: SigningKey? = nil
    ) -> PushRequestV1 {
        PushRequestV1(
            batch,
            authority: hq.authority,
            createdS: hq.clock.nowMs / 1_000 + offsetS,
            nonce: nonce,
            signedBy: other ?? key
        )
    }

    /// Registers the device at HQ.
    func join(_ hq: RunningHQ, label: String = "Taipei 1") async throws {
        try await hq.hq.store.addDevice(identity, label: label)
    }
}
