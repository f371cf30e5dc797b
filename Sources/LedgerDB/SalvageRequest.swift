import Glibc
public import LoyaltyCore

/// What the next start must do with the ledger: a file beside it, synced before the agent ends.
public struct SalvageRequest: Hashable, Sendable {
    /// The epoch that is to end; a later one makes the request void.
    public let epoch: Int64
    /// Why.
    public let reason: SalvageReason
    /// The last entry that counts, if HQ said so; nil to keep all that holds together.
    public let common: Place?
    /// The lowest number that the new epoch may have.
    public let nextEpoch: Int64
    /// The last entry of the epoch that is known to have been, as by HQ; nil if no one knows.
    public let known: Int64?

    /// An entry of some epoch.
    public struct Place: Hashable, Sendable {
        /// The epoch.
        public let epoch: Int64
        /// The entry; 0 for the place before the first.
        public let sequence: Int64

        /// Creates a place.
        public init(epoch: Int64, sequence: Int64) {
            self.epoch = epoch
            self.sequence = sequence
        }
    }

    /// Creates a request.
    public init(
        epoch: Int64,
        reason: SalvageReason,
        common: Place? = nil,
        nextEpoch: Int64? = nil,
        known: Int64? = nil
    ) {
        self.epoch = epoch
        self.reason = reason
        self.common = common
        self.nextEpoch = max(nextEpoch ?? 0, epoch + 1)
        self.known = known
    }
}

extension SalvageRequest {
    static func path(forLedgerAt path: String) -> String { path + ".request" }

    /// Reads the request beside a ledger; one that is cut off counts as none.
    static func read(forLedgerAt path: String) -> Self? {
        guard let bytes = SmallFile.read(Self.path(forLedgerAt: path)) else { return nil }
        // Allowed: a request that a power cut has halved will be made again.
        guard let json = try? CanonicalJSON(parsing: bytes),
            let epoch = json["epoch"]?.integerValue,
            let reason = json["reason"]?.stringValue.flatMap(SalvageReason.init(rawValue:)),
            let next = json["next"]?.integerValue, epoch >= 1
        else { return nil }
        var common: Place?
        if let place = json["common"]?.arrayValue {
            guard place.count == 2, let epoch = place[0].integerValue,
                let sequence = place[1].integerValue
            else { return nil }
            common = Place(epoch: epoch, sequence: sequence)
        }
        return Self(
            epoch: epoch,
            reason: reason,
            common: common,
            nextEpoch: next,
            known: json["known"]?.integerValue
        )
    }

    /// Leaves the request beside a ledger; the disk holds it afterwards.
    func write(forLedgerAt path: String) throws(LedgerError) {
        var members: [CanonicalJSON.Member] = [
            .init("epoch", .integer(epoch)),
            .init("reason", .string(reason.rawValue)),
            .init("next", .integer(nextEpoch)),
        ]
        if let common {
            members.append(.init("common", [.integer(common.epoch), .integer(common.sequence)]))
        }
        if let known { members.append(.init("known", .integer(known))) }
        try SmallFile.write(
            CanonicalJSON.object(members).bytes,
            to: Self.path(forLedgerAt: path)
        )
    }
}
