/// HQ's request for a slice of a device's log, to the agent or to a relay, version 1.
///
/// Safe and repeatable: the place from which to go on belongs to HQ. What comes back is a batch as
/// in a push (SYNC.md section 2.3).
public struct PullRequestV1: Hashable, Sendable {
    /// Whose log.
    public let device: DeviceID
    /// Which incarnation of it HQ expects.
    public let epoch: Int64
    /// The last entry that HQ has; 0 for none.
    public let after: Int64
    /// Most entries to answer with.
    public let countMax: Int

    /// Longest time that an answer is held back for `Prefer: wait` (RFC 7240), in seconds.
    ///
    /// Source: SYNC.md sections 2.3 and 2.5; proxies cut a silent request after 60.
    public static let waitSecondsMax: Int64 = 55

    /// The field that names the log's last entry.
    public static let headSequenceFieldName = "log-head-seq"
    /// The field that has the log's hash there.
    public static let headHashFieldName = "log-head-hash"

    /// Creates a request.
    public init(device: DeviceID, epoch: Int64, after: Int64, countMax: Int) {
        self.device = device
        self.epoch = epoch
        self.after = after
        self.countMax = countMax
    }

    /// Reads a request's query, `epoch=3&after=1500&limit=500` in any order.
    ///
    /// - Parameters:
    ///   - device: The device that the path names.
    ///   - query: What follows the `?`, or nil.
    /// - Throws: `Problem` naming the parameter; `limit` may be left out.
    public init(device: DeviceID, query: String?) throws(Problem) {
        var values: [Substring: Substring] = [:]
        for part in (query ?? "").split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, values.updateValue(pair[1], forKey: pair[0]) == nil
            else { throw Problem(.badRequest, "'\(part)' is no parameter, or is there twice.") }
        }
        let number = {
            (name: Substring, allowed: ClosedRange<Int64>, usual: Int64?) throws(Problem) in
            let value = values[name].flatMap { Int64($0) } ?? (values[name] == nil ? usual : nil)
            guard let value, allowed.contains(value) else {
                throw Problem(
                    .badRequest,
                    "'\(name)' must be \(allowed.lowerBound) to \(allowed.upperBound)."
                )
            }
            return value
        }
        self.init(
            device: device,
            epoch: try number("epoch", 1...Int64(UInt32.max), nil),
            after: try number("after", 0...BatchHeaderV1.sequenceMax, nil),
            countMax: Int(
                try number("limit", 1...Int64(Int32.max), Int64(BatchV1.entryCountMax))
            )
        )
    }

    /// Where the log is asked for.
    public var path: String { PushRequestV1.path(of: device) }

    /// What follows the `?`.
    public var query: String { "epoch=\(epoch)&after=\(after)&limit=\(countMax)" }

    /// The request for what follows an entry.
    public func continued(after sequence: Int64) -> Self {
        Self(device: device, epoch: epoch, after: sequence, countMax: countMax)
    }

    /// Where HQ's acknowledgement is handed in.
    public static func acksPath(of device: DeviceID) -> String {
        "/v1/devices/\(device.text)/acks"
    }

    /// How long to hold an empty answer back, by the value of `Prefer` (RFC 7240 section 4.3).
    ///
    /// - Parameter preference: The field's value, or nil.
    /// - Returns: Seconds, at most `waitSecondsMax`; 0 if none is asked for.
    public static func waitSeconds(preference: String?) -> Int64 {
        for part in (preference ?? "").split(separator: ",") {
            let text = part.split(separator: ";")[0].filter { $0 != " " && $0 != "\t" }.lowercased()
            guard text.hasPrefix("wait="), let seconds = Int64(text.dropFirst(5)), seconds > 0
            else { continue }
            return min(seconds, waitSecondsMax)
        }
        return 0
    }

    /// Names a state of the log, for `ETag`: `"3.1742-<8 hexadecimal digits of the hash>"`.
    public static func entityTag(epoch: Int64, head: LogPosition) -> String {
        "\"\(epoch).\(head.sequence)-\(Hex.text(head.hash.bytes.prefix(4)))\""
    }
}
