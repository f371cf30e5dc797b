public import LoyaltyCore

extension BatchV1 {
    /// Reads a batch; `verify` then tells whether its chain and signature hold.
    ///
    /// The entries' lines are not read, only counted: one that nobody understands must not keep
    /// the others from HQ.
    ///
    /// - Parameter bytes: The batch, uncompressed.
    /// - Throws: `BatchError`.
    public init(parsing bytes: [UInt8]) throws(BatchError) {
        var lines = try Self.lines(of: bytes)
        guard lines.count >= 2, let last = lines.popLast() else { throw .cutShort }
        let header = try BatchHeaderV1(parsing: lines[0])
        let bodies = try Self.bodies(lines)
        let checkpoint = Checkpoint(
            try Self.json(of: last, line: lines.count),
            device: header.device,
            epoch: header.epoch
        )
        guard let checkpoint else { throw .cutShort }
        try self.init(header, bodies, checkpoint)
    }

    /// Reads a batch whose checkpoint was left out, but for its signature: the rest of it can be
    /// worked out.
    ///
    /// - Parameters:
    ///   - bytes: The header's and the entries' lines.
    ///   - signature: The checkpoint's, 64 bytes.
    ///   - keyID: Which key signed.
    /// - Throws: `BatchError`.
    init(lines bytes: [UInt8], signature: [UInt8], keyID: KeyID) throws(BatchError) {
        let lines = try Self.lines(of: bytes)
        guard let first = lines.first else { throw .cutShort }
        let header = try BatchHeaderV1(parsing: first)
        let bodies = try Self.bodies(lines)
        let end = zip(bodies, header.first...).reduce(header.start) { position, entry in
            let (body, sequence) = entry
            let hash = position.hash.extended(by: sequence, body)
            return LogPosition(sequence: sequence, hash: hash)
        }
        let checkpoint = Checkpoint(
            device: header.device,
            epoch: header.epoch,
            position: end,
            wall: header.report.now.wall,
            keyID: keyID,
            signature: signature
        )
        try self.init(header, bodies, checkpoint)
    }

    private init(
        _ header: BatchHeaderV1,
        _ bodies: [[UInt8]],
        _ checkpoint: Checkpoint
    ) throws(BatchError) {
        guard bodies.count == header.count
        else { throw .countMismatch(announced: header.count, found: bodies.count) }
        self.init(header: header, bodies: bodies, checkpoint: checkpoint)
    }

    /// The lines of a whole batch, without their line feeds.
    private static func lines(of bytes: [UInt8]) throws(BatchError) -> [ArraySlice<UInt8>] {
        guard bytes.count <= wholeByteCountMax else { throw .tooManyBytes(bytes.count) }
        guard bytes.last == UInt8(ascii: "\n") else { throw .cutShort }
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        lines.removeLast()  // what follows the last line feed: nothing
        return lines
    }

    /// The entries' lines behind a header's.
    private static func bodies(_ lines: [ArraySlice<UInt8>]) throws(BatchError) -> [[UInt8]] {
        let bodies = lines.dropFirst()
        let byteCount = bodies.reduce(0) { $0 + $1.count + 1 }
        guard bodies.count <= entryCountMax else { throw .tooManyEntries(bodies.count) }
        guard byteCount <= byteCountMax else { throw .tooManyBytes(byteCount) }
        return bodies.map(Array.init)
    }

    /// Recomputes the chain and checks the signature under its end.
    ///
    /// - Parameters:
    ///   - start: The place in the log that the batch must continue.
    ///   - key: The device's public key.
    /// - Returns: The entries as log lines, with their hashes.
    /// - Throws: `BatchError.notNext`, `chainInvalid` or `signatureInvalid`.
    public func verify(after start: LogPosition, key: PublicKey) throws(BatchError) -> [LogLine] {
        let lines = try lines(after: start)
        guard checkpoint.isSigned(by: key) else { throw .signatureInvalid }
        return lines
    }

    /// Recomputes the chain alone, for whoever does not know the device's key.
    ///
    /// - Parameter start: The place in the log that the batch must continue.
    /// - Returns: The entries as log lines, with their hashes.
    /// - Throws: `BatchError.notNext` or `chainInvalid`.
    public func lines(after start: LogPosition) throws(BatchError) -> [LogLine] {
        guard header.first == start.sequence + 1 else { throw .notNext(header.first) }
        guard header.previous == start.hash else { throw .chainInvalid(index: 0) }
        var hash = start.hash
        var lines: [LogLine] = []
        lines.reserveCapacity(bodies.count)
        for (index, body) in bodies.enumerated() {
            let sequence = header.first + Int64(index)
            hash = hash.extended(by: sequence, body)
            lines.append(LogLine(sequence: sequence, body: body, hash: hash))
        }
        let end = LogPosition(sequence: start.sequence + Int64(bodies.count), hash: hash)
        guard checkpoint.position == end else { throw .chainInvalid(index: bodies.count) }
        return lines
    }

    fileprivate static func json(
        of line: some Sequence<UInt8>,
        line number: Int
    ) throws(BatchError) -> CanonicalJSON {
        do throws(CanonicalJSONError) {
            return try CanonicalJSON(parsing: line)
        } catch {
            throw .notJSON(line: number, error)
        }
    }
}

extension BatchHeaderV1 {
    /// Reads the first line of a batch.
    init(parsing line: some Sequence<UInt8>) throws(BatchError) {
        let json = try BatchV1.json(of: line, line: 0)
        let fields = BatchFields(json)
        guard try fields.integer("v", 0...Int64.max) == 1 else { throw .unknownVersion }
        guard json["kind"]?.stringValue == "batch" else { throw .malformed(field: "kind") }
        guard let device = DeviceID(try fields.string("dev"))
        else { throw .malformed(field: "dev") }
        guard let previous = ChainHash(base64: try fields.string("prev"))
        else { throw .malformed(field: "prev") }
        self.init(
            device: device,
            epoch: try fields.integer("ep", 1...Int64(UInt32.max)),
            first: try fields.integer("first", 1...Self.sequenceMax),
            count: Int(try fields.integer("count", 0...Int64(Int32.max))),
            previous: previous,
            report: try fields.report()
        )
    }
}

/// Reads the members of a batch's header, each checked.
private struct BatchFields {
    let json: CanonicalJSON

    init(_ json: CanonicalJSON) {
        self.json = json
    }

    func report() throws(BatchError) -> DeviceReportV1 {
        let now = Self(json["now"] ?? .null)
        let queue = Self(json["queue"] ?? .null)
        guard let quality = ClockQuality(rawValue: try now.string("clock"))
        else { throw .malformed(field: "clock") }
        let programme = json["programme"]?.stringValue
        guard programme.map({ $0.utf8.count == 64 }) ?? true
        else { throw .malformed(field: "programme") }
        return DeviceReportV1(
            now: Moment(
                wall: WallTime(unixMs: try now.integer("wallMs", Int64.min...Int64.max)),
                quality: quality,
                boot: try now.integer("boot", 0...Int64.max),
                sinceBootMs: try now.integer("bootMs", 0...Int64.max)
            ),
            pendingCount: try queue.integer("pending", 0...Int64.max),
            oldestAgeS: try queue.integer("oldestAgeS", 0...Int64.max),
            programmeDigest: programme,
            freeMB: try integer("freeMB", 0...Int64.max)
        )
    }

    func integer(_ name: String, _ allowed: ClosedRange<Int64>) throws(BatchError) -> Int64 {
        guard let value = json[name]?.integerValue, allowed.contains(value)
        else { throw .malformed(field: name) }
        return value
    }

    func string(_ name: String) throws(BatchError) -> String {
        guard let value = json[name]?.stringValue else { throw .malformed(field: name) }
        return value
    }
}

/// Why bytes are not a batch, or not one that continues the log.
public enum BatchError: Error, Equatable {
    /// More bytes than a batch may have.
    case tooManyBytes(Int)
    /// More entries than a batch may have.
    case tooManyEntries(Int)
    /// The end is missing: no checkpoint, or no line feed after it.
    case cutShort
    /// The header or the checkpoint is not the JSON of our contract.
    case notJSON(line: Int, CanonicalJSONError)
    /// The batch belongs to a later version.
    case unknownVersion
    /// A member of the header is missing, or its value is out of range.
    case malformed(field: String)
    /// The header announces another number of entries than follow.
    case countMismatch(announced: Int, found: Int)
    /// The batch does not begin where it should.
    case notNext(Int64)
    /// The chain breaks before this entry; the number of entries stands for the checkpoint.
    case chainInvalid(index: Int)
    /// The checkpoint was not signed by the device's key.
    case signatureInvalid
}

extension BatchError: CustomStringConvertible {
    /// What is wrong with the batch, and what its sender must do.
    public var description: String {
        switch self {
        case .tooManyBytes(let count):
            "\(count) bytes; send at most \(BatchV1.byteCountMax) bytes of entries at once"
        case .tooManyEntries(let count):
            "\(count) entries; send at most \(BatchV1.entryCountMax) at once"
        case .cutShort: "the checkpoint line is missing; send the whole batch again"
        case .notJSON(let line, let error): "line \(line): \(error)"
        case .unknownVersion: "only batches of version 1 are known; update HQ first"
        case .malformed(let field): "the header's '\(field)' is missing or out of range"
        case .countMismatch(let announced, let found):
            "the header announces \(announced) entries, \(found) follow; cut the batch again"
        case .notNext(let first): "the batch begins at \(first), which is not next"
        case .chainInvalid(let index):
            "the chain breaks at entry \(index) of the batch; verify the log on the device"
        case .signatureInvalid: "the checkpoint is not signed by the device's key"
        }
    }
}
