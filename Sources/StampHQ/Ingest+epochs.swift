import GRDB
import LoyaltyCore
import SyncWire

/// Which epochs of a log take a batch (docs/adr/0022).
extension Ingest {
    /// An epoch that is over takes nothing; a device that still writes it is one of two copies.
    func refusalOfOldEpoch(_ device: Device) throws -> Problem {
        let held =
            try Int64.fetchOne(
                db,
                sql: "SELECT sequence FROM log WHERE device = ? AND epoch = ?",
                arguments: [device.rowID, batch.header.epoch]
            ) ?? 0
        if delivery == .live, batch.header.deviceHead > held {
            try freeze(device, "epoch \(batch.header.epoch) is still written: a copy of the disk?")
        }
        return .epochOld(device, try log(of: device).head)
    }

    /// Begins the next epoch if the batch begins it as it must.
    func refusalOfNewEpoch(_ device: Device) throws -> Problem? {
        let header = batch.header
        let next = device.identity.with(epoch: header.epoch)
        guard header.first == 1, let first = batch.entries.first,
            case .success(let entry) = first.content, entry.sequence == 1,
            case .salvage(let salvage) = entry.fact, header.start == next.start,
            device.publicKey(epoch: header.epoch, at: batch.last) == batch.key
        else { return .epochChanged(device.identity.epoch) }
        let old = try log(of: device)
        if salvage.epoch < device.identity.epoch {
            try freeze(device, "epoch \(salvage.epoch) was followed twice: a copy of the disk?")
            return .epochOld(device, old.head)
        }
        guard salvage.epoch == device.identity.epoch, salvage.last <= old.head.sequence
        else { return .gap(old.head, epoch: device.identity.epoch) }
        let rule = IntakeRule(
            head: old.head,
            genesis: device.identity.genesis,
            delivery: delivery
        )
        let ours = try rule.ours(salvage.last) { try hash(at: $0, old) }
        guard ours.bytes == salvage.hash else {
            let place = LogPosition(sequence: salvage.last, hash: ours)
            return try fork(at: place, device, epoch: device.identity.epoch)
        }
        try db.execute(
            // Of a revoked device's next log, no entry counts.
            sql: """
                UPDATE device SET epoch = ?, frozenAtMs = coalesce(frozenAtMs, ?),
                    revokedAfter = CASE WHEN revokedAfter IS NULL THEN NULL ELSE 0 END
                WHERE id = ?
                """,
            arguments: [header.epoch, nowMs, device.rowID]
        )
        try alarm(
            .logSalvaged,
            "epoch \(header.epoch) follows entry \(salvage.last) of epoch \(salvage.epoch):"
                + " \(salvage.reason.rawValue)",
            device
        )
        return nil
    }
}

extension Problem {
    static func revoked(_ device: DeviceID) -> Self {
        Self(.deviceRevoked, "HQ no longer trusts \(device.text); set the device up again.")
    }

    /// HQ lacks entries before the batch: of the same epoch, or of the one that must end first.
    static func gap(_ head: LogPosition, epoch: Int64? = nil) -> Self {
        let place = epoch.map { " of epoch \($0)" } ?? ""
        return Self(
            .logGap,
            "Send entry \(head.sequence + 1)\(place) next.",
            extras: [
                .init("expected", .integer(head.sequence + 1)), .init("h", head.hash.json),
            ] + (epoch.map { [.init("epoch", .integer($0))] } ?? [])
        )
    }

    static func epochOld(_ device: Device, _ head: LogPosition) -> Self {
        let epoch = device.identity.epoch
        return Self(
            .epochOld,
            "Epoch \(epoch) of this log has begun; entries of earlier ones are closed. Is this disk"
                + " a copy, or restored? Enrol it anew, or authorise it at HQ.",
            extras: [
                .init("epoch", .integer(epoch)), .init("received", .integer(head.sequence)),
            ]
        )
    }

    static func epochChanged(_ epoch: Int64) -> Self {
        Self(
            .epochChanged,
            "HQ expects epoch \(epoch), or a later one from its entry 1, a salvage; an operator can"
                + " authorise another with stamphq devices authorise.",
            extras: [.init("epoch", .integer(epoch))]
        )
    }

    static func chainInvalid(at index: Int, _ detail: String) -> Self {
        Self(.chainInvalid, detail, extras: [.init("index", .integer(Int64(index)))])
    }

    static func regressed(_ head: LogPosition) -> Self {
        Self(
            .logRegressed,
            "HQ holds entries up to \(head.sequence), which the device no longer has: was its disk"
                + " restored?",
            extras: [.init("received", .integer(head.sequence)), .init("h", head.hash.json)]
        )
    }
}
