public import LoyaltyCore

/// A slice of a device's log on its way to HQ, version 1.
///
/// NDJSON: a header, the entries' lines byte for byte, and a signed checkpoint. HQ's pull and the
/// USB stick carry the same bytes.
public struct BatchV1: Hashable, Sendable {
    /// The first line.
    public let header: BatchHeaderV1
    /// The entries' lines, exactly as the device wrote them, without line ends.
    public let bodies: [[UInt8]]
    /// The last line.
    public let checkpoint: Checkpoint

    /// Most entries of a batch.
    ///
    /// Source: SYNC.md 2.2; compression gains nothing beyond (2.7), and a batch lost on a bad line
    /// is soon sent again.
    public static let entryCountMax = 500

    /// Most bytes of a batch's entries, their line ends included.
    ///
    /// Source: SYNC.md 2.2: 256 KiB.
    public static let byteCountMax = 262_144

    /// Most bytes of the header and the checkpoint together.
    ///
    /// Source: our own bound; together they have some 800.
    public static let frameByteCountMax = 8_192

    /// Most bytes of a whole batch, uncompressed.
    public static let wholeByteCountMax = byteCountMax + frameByteCountMax

    /// Cuts a batch from a log and signs it.
    ///
    /// - Parameters:
    ///   - lines: The entries, in order and without gaps, right after `start`; none at all makes a
    ///     batch that only reports and asks for HQ's watermarks.
    ///   - start: The place in the log before the first of them.
    ///   - identity: Whose log it is; its public key must be the signing key's.
    ///   - report: How the device is.
    ///   - key: The device's key.
    public init(
        of lines: [LogLine],
        after start: LogPosition,
        identity: LogIdentity,
        report: DeviceReportV1,
        signedBy key: SigningKey
    ) {
        header = BatchHeaderV1(
            device: identity.device,
            epoch: identity.epoch,
            first: start.sequence + 1,
            count: lines.count,
            previous: start.hash,
            report: report
        )
        bodies = lines.map(\.body)
        checkpoint = Checkpoint(
            device: identity.device,
            epoch: identity.epoch,
            position: lines.last?.position ?? start,
            wall: report.now.wall,
            signedBy: key
        )
    }

    /// Creates a batch from its lines.
    public init(header: BatchHeaderV1, bodies: [[UInt8]], checkpoint: Checkpoint) {
        self.header = header
        self.bodies = bodies
        self.checkpoint = checkpoint
    }

    /// The batch as it is sent, uncompressed; every line ends in a line feed.
    public var bytes: [UInt8] {
        var out = lineBytes
        out += checkpoint.json.bytes
        out.append(UInt8(ascii: "\n"))
        return out
    }

    /// The header's and the entries' lines, each with its line feed.
    var lineBytes: [UInt8] {
        var out = header.json.bytes
        out.append(UInt8(ascii: "\n"))
        for body in bodies {
            out += body
            out.append(UInt8(ascii: "\n"))
        }
        return out
    }

    /// How many lines from the front fit into one batch; at least one if there is any.
    public static func fittingCount(of lines: some Sequence<LogLine>) -> Int {
        var count = 0
        var byteCount = 0
        for line in lines {
            byteCount += line.body.count + 1
            guard count < entryCountMax, byteCount <= byteCountMax || count == 0 else { break }
            count += 1
        }
        return count
    }
}

/// The first line of a batch: what follows, and how the device is.
public struct BatchHeaderV1: Hashable, Sendable {
    /// Whose log it is.
    public let device: DeviceID
    /// Which incarnation of it.
    public let epoch: Int64
    /// The number of the first entry that follows.
    public let first: Int64
    /// How many entries follow.
    public let count: Int
    /// The log's hash before the first of them.
    public let previous: ChainHash
    /// How the device is.
    public let report: DeviceReportV1

    /// The highest number an entry can have.
    ///
    /// Source: 2^53, the largest whole number that every JSON reader keeps (RFC 8259 section 6).
    public static let sequenceMax: Int64 = 9_007_199_254_740_992

    /// Creates a header.
    public init(
        device: DeviceID,
        epoch: Int64,
        first: Int64,
        count: Int,
        previous: ChainHash,
        report: DeviceReportV1
    ) {
        self.device = device
        self.epoch = epoch
        self.first = first
        self.count = count
        self.previous = previous
        self.report = report
    }

    /// The place in the log before the first entry that follows.
    public var start: LogPosition { LogPosition(sequence: first - 1, hash: previous) }

    /// The number of the last entry that the device has, whether it follows or still waits.
    public var deviceHead: Int64 {
        let (head, overflow) = (first - 1).addingReportingOverflow(report.pendingCount)
        return overflow ? .max : head
    }
}

/// How a device is, told with every batch.
public struct DeviceReportV1: Hashable, Sendable {
    /// What its clocks say.
    public let now: Moment
    /// How many entries HQ has not acknowledged yet, counted from the batch's first on.
    ///
    /// HQ tells from it where the device's log ends, and so notices one that went back.
    public let pendingCount: Int64
    /// How long the oldest of them has waited, in seconds.
    public let oldestAgeS: Int64
    /// The digest of the programme in force, or nil before the first.
    public let programmeDigest: String?
    /// Free disk space, in MB of 1,000,000 bytes.
    public let freeMB: Int64

    /// Creates a report.
    public init(
        now: Moment,
        pendingCount: Int64,
        oldestAgeS: Int64,
        programmeDigest: String?,
        freeMB: Int64
    ) {
        self.now = now
        self.pendingCount = pendingCount
        self.oldestAgeS = oldestAgeS
        self.programmeDigest = programmeDigest
        self.freeMB = freeMB
    }
}

extension BatchHeaderV1 {
    var json: CanonicalJSON {
        [
            "v": 1,
            "kind": "batch",
            "dev": .string(device.text),
            "ep": .integer(epoch),
            "first": .integer(first),
            "count": .integer(Int64(count)),
            "prev": .string(Base64.text(previous.bytes)),
            "now": [
                "wallMs": .integer(report.now.wall.unixMs),
                "boot": .integer(report.now.boot),
                "bootMs": .integer(report.now.sinceBootMs),
                "clock": .string(report.now.quality.rawValue),
            ],
            "queue": [
                "pending": .integer(report.pendingCount),
                "oldestAgeS": .integer(report.oldestAgeS),
            ],
            "programme": report.programmeDigest.map(CanonicalJSON.string) ?? .null,
            "freeMB": .integer(report.freeMB),
        ]
    }
}
