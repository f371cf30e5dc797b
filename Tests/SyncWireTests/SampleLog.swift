import Testing
import LoyaltyCore
import SyncWire

/// A device's log of a few entries, the same on every run.
struct SampleLog {
    let key: SigningKey
    let identity: LogIdentity
    let lines: [LogLine]

    init(entryCount: Int = 3) throws {
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
            let body = Array(#"{"seq":\#(sequence),"type":"note"}"#.utf8)
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
    var batch: BatchV1 {
        BatchV1(of: lines, after: identity.start, identity: identity, report: report, signedBy: key)
    }
}
