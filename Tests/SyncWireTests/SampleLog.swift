import Testing
import LoyaltyCore
import SyncWire

/// A device's log of a few entries, the same on every run.
struct SampleLog {
    let key: SigningKey
    let identity: LogIdentity
    let lines: [LogLine]

    init(entryCount: Int = 3) throws {
        try self.init(entryCount) { #"{"seq":\#($0),"type":"note"}"# }
    }

    /// A log of awards, each for another member and another amount.
    init(awardCount: Int) throws {
        let digest = Hex.text((0..<32).map { UInt8($0 * 37 % 251) })
        try self.init(awardCount) { sequence in
            let wallMs = 1_790_000_000_000 + sequence * 9_973
            return """
                {"seq":\(sequence),"type":"award","wallMs":\(wallMs),"clock":"ntp","boot":17,\
                "bootMs":\(sequence * 9_973),"hlc":[\(wallMs),0],\
                "member":"\(10_000_000_000_000 + sequence * 7_654_321_987 % 10_000_000_000_000)",\
                "key":"pos/\(sequence)","programme":["coffee",1,"\(digest)"],\
                "in":{"evidence":"pos","date":"2026-09-21","till":"1","opensVisit":true,\
                "amount":\(35 + sequence * 17)},\
                "post":[["points","never",\(sequence)],["stamps/latte","never",1]]}
                """
        }
    }

    private init(_ entryCount: Int, line: (Int64) -> String) throws {
        let device = DeviceID("018f0000-0000-7000-8000-000000000001")
        let key = SigningKey(seed: Array(1...32))
        self.key = try #require(key)
        identity = LogIdentity(
            device: try #require(device),
            epoch: 1,
            publicKey: self.key.publicKey.bytes,
            nonce: Array(0..<16)
        )
        var lines: [LogLine] = []
        var hash = identity.genesis
        for sequence in 1...Int64(max(entryCount, 1)) where entryCount > 0 {
            let body = Array(line(sequence).utf8)
            hash = hash.extended(by: sequence, body)
            lines.append(LogLine(sequence: sequence, body: body, hash: hash))
        }
        self.lines = lines
    }

    /// How the device is.
    let report = DeviceReportV1(
        now: Moment(
            wall: WallTime(unixMs: 1_790_000_000_000),
            quality: .ntp,
            boot: 17,
            sinceBootMs: 52_110
        ),
        pendingCount: 3,
        oldestAgeS: 5_400,
        programmeDigest: nil,
        freeMB: 812
    )

    /// The whole log as one batch.
    var batch: BatchV1 { batch(after: 0) }

    /// The log behind its first entries as one batch.
    func batch(after count: Int) -> BatchV1 {
        BatchV1(
            of: Array(lines.dropFirst(count)),
            after: count == 0 ? identity.start : lines[count - 1].position,
            identity: identity,
            report: report,
            signedBy: key
        )
    }
}
