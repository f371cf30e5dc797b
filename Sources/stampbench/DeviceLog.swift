import Glibc
import LoyaltyCore
import SyncWire

/// A device's log made in memory, each entry an award as a till makes it.
struct DeviceLog {
    private let identity: LogIdentity
    private let key: SigningKey
    private let programme: ProgrammeReference

    init(_ identity: LogIdentity, _ key: SigningKey) throws {
        self.identity = identity
        self.key = key
        programme = ProgrammeReference(try Workload.programme())
    }

    /// The first entries' lines.
    func lines(_ count: Int) throws -> [LogLine] {
        try lines(count, after: identity.start)
    }

    /// The pushes of some batches, in order; small ones may be coded against the entry before, as
    /// to an HQ that reads them.
    func requests(
        _ batchCount: Int,
        entryCount: Int,
        to authority: String,
        isCoded: Bool = false
    ) throws -> [PushRequestV1] {
        var last: LogLine?
        return try (0..<batchCount).map { _ in
            let before = last
            let start = before?.position ?? identity.start
            let lines = try lines(entryCount, after: start)
            last = lines.last
            let batch = BatchV1(
                of: lines,
                after: start,
                identity: identity,
                report: DeviceReportV1(
                    now: moment(start.sequence + Int64(entryCount), laterMs: 217),
                    pendingCount: Int64(batchCount * entryCount) - start.sequence,
                    oldestAgeS: 0,
                    programmeDigest: programme.digest,
                    freeMB: 1_000
                ),
                signedBy: key
            )
            return PushRequestV1(
                batch,
                authority: authority,
                createdS: Int64(time(nil)),
                nonce: "bench-\(start.sequence)",
                signedBy: key,
                coding: isCoded
                    ? before.map { DeltaCoding(device: identity.device, epoch: 1, after: $0) }
                    : nil
            )
        }
    }

    private func lines(_ count: Int, after start: LogPosition) throws -> [LogLine] {
        var position = start
        return try (0..<count).map { _ in
            let line = try line(after: position)
            position = line.position
            return line
        }
    }

    private func line(after position: LogPosition) throws -> LogLine {
        let sequence = position.sequence + 1
        let sale = try Workload.sale(sequence)
        let entry = Entry(
            sequence: sequence,
            at: moment(sequence),
            hybridTime: HybridTime(wallMs: moment(sequence).wall.unixMs, count: 0),
            fact: .award(
                AwardFact(
                    member: try Workload.member(Int64.random(in: 0..<1_000_000)),
                    programme: programme,
                    sale: sale,
                    lastVisits: [:],
                    postings: [
                        Posting(.points, .never, (sale.amount ?? 0) / 35),
                        Posting(.stamps(ofCard: "latte"), .never, 1),
                    ]
                )
            )
        )
        let body = EntryLineV1.bytes(of: entry)
        let hash = position.hash.extended(by: sequence, body)
        return LogLine(sequence: sequence, body: body, hash: hash)
    }

    /// What the clocks say at an entry: no till sells at whole seconds.
    private func moment(_ sequence: Int64, laterMs: Int64 = 0) -> Moment {
        let reading = Workload.reading(sequence)
        let ms = sequence * 7_919 % 1_000 + laterMs
        return Moment(
            wall: WallTime(unixMs: reading.wall.unixMs + ms),
            quality: reading.quality,
            boot: 1,
            sinceBootMs: reading.sinceBootMs + ms
        )
    }
}
