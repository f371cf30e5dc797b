import LedgerDB
import Logging
import LoyaltyCore
import SyncWire

/// Snapshots, and whether one is needed.
extension DownService {
    /// Loads a snapshot that is no older than what is here.
    ///
    /// - Parameter mismatch: What the members here add up to, if that is not what HQ's do: HQ is
    ///   told with the question.
    /// - Throws: `DownFailure`, `LedgerError`; what is here stays in use then.
    func fetchSnapshot(because mismatch: StateDigest? = nil) async throws {
        try await ledger.dropLoad()
        try await clearSpare()
        let place = try await ledger.place(in: .changes)
        let parameters = [
            place.map { "since=\($0.text)" }, mismatch.map { "mismatch=\($0.scopedText)" },
        ].compactMap(\.self)
        let reply = try await ask(
            SnapshotV1.path,
            query: parameters.isEmpty ? nil : parameters.joined(separator: "&"),
            byteCountMax: SnapshotV1.byteCountMax
        )
        let snapshot = try signed(reply) { bytes, key throws(DownError) in
            try SnapshotV1(parsing: bytes, signedBy: key)
        }
        if let place, snapshot.cursor < place {
            throw DownFailure(
                .incredible("its snapshot at \(snapshot.cursor.text) is older than \(place.text)")
            )
        }
        try await ledger.beginLoad(reply.content)
        try onStep()
        guard try await goOnLoading()
        else { throw DownFailure(.unreachable("HQ does not have the parts that it listed")) }
    }

    /// Goes on with the snapshot that was on its way in, if there is one.
    ///
    /// - Returns: Whether a snapshot is in use now; one that cannot be finished was dropped.
    @discardableResult
    func goOnLoading() async throws -> Bool {
        guard var load = try await ledger.load() else { return false }
        let snapshot: SnapshotV1
        do throws(DownError) {
            snapshot = try SnapshotV1(parsing: load.list, signedBy: keys.hq)
        } catch {
            try await ledger.dropLoad()  // of an HQ with another key
            return false
        }
        while load.partCount < Int64(snapshot.parts.count) {
            let part = snapshot.parts[Int(load.partCount)]
            guard let members = try await fetch(part) else {
                try await ledger.dropLoad()
                return false
            }
            for start in stride(from: 0, to: members.count, by: Self.sliceCount) {
                try await ledger.stage(members[start..<min(start + Self.sliceCount, members.count)])
                try onStep()
            }
            load = load.adding(members)
            try await ledger.note(load)
            try onStep()
            let (done, all) = (load.partCount, Int64(snapshot.parts.count))
            counter.board.update { $0.down.loading = "\(done) of \(all)" }
        }
        do {
            try await ledger.finishLoad(snapshot)
        } catch {
            try await ledger.dropLoad()
            throw error
        }
        try onStep()
        logger.notice(
            "snapshot in use",
            metadata: ["place": "\(snapshot.cursor.text)", "members": "\(snapshot.rowCount)"]
        )
        await noteLatest(of: snapshot)
        try await clearSpare()
        return true
    }

    /// Fetches a part; nil if HQ has it no more.
    func fetch(_ part: SnapshotV1.Part) async throws -> [MemberV1]? {
        let reply = try await ask(part.path, byteCountMax: Int(SnapshotV1.partByteCountMax))
        if reply.status == 404 { return nil }
        guard reply.status == 200 else { throw DownFailure(PushOutcome(refusal: reply)) }
        guard part.isSame(as: reply.content)
        else { throw DownFailure(.notHQ("a part of the snapshot is not the one that was listed")) }
        guard let members = SnapshotV1.members(of: reply.content)
        else { throw DownFailure(.incredible("a part of its snapshot holds no members")) }
        return members
    }

    func clearSpare() async throws {
        while try await !ledger.clearSpare(countMax: Self.sliceCount) { try onStep() }
    }

    /// Compares the members here with HQ's, hourly; takes a snapshot if they differ.
    func checkDigest() async throws {
        let now = counter.clock.uptime()
        guard let digest, now - digestCheckedAt >= Self.digestPause else { return }
        digestCheckedAt = now
        var ours = StateDigest(.members)
        var last: MemberNumber?
        while true {
            let members = try await ledger.members(after: last, countMax: Self.sliceCount)
            for member in members { ours.add(member.line) }
            guard let end = members.last else { break }
            last = end.number
        }
        guard ours != digest else { return }
        logger.error("members differ from HQ's", metadata: ["here": "\(ours.text)"])
        counter.board.update { $0.down.mismatchCount += 1 }
        try await fetchSnapshot(because: ours)
    }
}
