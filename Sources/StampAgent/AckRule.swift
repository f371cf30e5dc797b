import LedgerDB
import LoyaltyCore
import SyncWire

/// Decides what an acknowledgement is worth to a log (SYNC.md 2.4).
///
/// Pure: `LogExchange` asks it before it has the ledger keep anything, and the fleet model of
/// `FleetTests` asks it a million times. That HQ signed was checked before.
struct AckRule {
    /// Whose log it is.
    let device: DeviceID
    /// Which incarnation of it.
    let epoch: Int64
    /// What HQ acknowledged before.
    let watermarks: Watermarks

    /// What the agent does with an acknowledgement.
    enum Verdict: Equatable {
        /// It keeps these watermarks.
        case keep(Watermarks)
        /// HQ acknowledges less than it did before, as after a restore: up to this entry.
        case behind(Int64)
        /// HQ claims what cannot be, or somebody else does.
        case incredible(String)
    }

    /// What the log holds at an entry.
    enum Holding: Equatable {
        /// The entry, with the log's hash up to it.
        case entry(LogPosition)
        /// Nothing any more: HQ acknowledged it long ago, and it was deleted.
        case pruned
        /// Nothing: the log ends before it.
        case nothing
    }

    /// Judges an acknowledgement.
    ///
    /// - Parameters:
    ///   - ack: What HQ signed.
    ///   - holding: What the log holds at the last entry that it acknowledges.
    /// - Returns: What to do with it.
    func verdict(on ack: AckV1, holding: Holding) -> Verdict {
        guard ack.device == device, ack.epoch == epoch
        else { return .incredible("it acknowledges another log") }
        switch holding {
        case .pruned: return .behind(ack.received.sequence)
        case .entry(ack.received): break
        case .entry, .nothing:
            return .incredible("it acknowledges entries that this log does not have")
        }
        guard ack.received.sequence >= watermarks.received
        else { return .behind(ack.received.sequence) }
        return .keep(
            Watermarks(
                received: ack.received.sequence,
                posted: ack.posted,
                // An HQ restored from a backup does not know of that backup itself. What it
                // released before stays released: those entries are in there.
                prunable: max(ack.prunable, watermarks.prunable)
            )
        )
    }
}

/// HQ's time, as far as an acknowledgement can tell it (SYNC.md 3.11).
extension AckRule {
    /// How long an anchor serves before HQ's time becomes an entry again, in milliseconds.
    ///
    /// Source: our own bound; by then the boot clock may be 11 seconds wrong (SYNC.md 3.11: 500
    /// parts in a million).
    static let anchorPauseMs: Int64 = 6 * 3_600_000

    /// HQ's time as an anchor.
    ///
    /// A relay or a stick may bring an acknowledgement late. That it covers an entry which none
    /// covered before proves that it was signed after that entry was made, by the boot clock.
    ///
    /// - Parameters:
    ///   - ack: What HQ signed, and this rule has kept.
    ///   - made: When the last entry that it acknowledges was made; nil if the log lacks it.
    ///   - now: What the store's clocks say.
    /// - Returns: The anchor, or nil if the acknowledgement may be an old one.
    func anchor(from ack: AckV1, made: Moment?, now: Moment) -> AnchorFact? {
        guard ack.received.sequence > watermarks.received, ack.serverMs >= 0,
            let made, made.boot == now.boot
        else { return nil }
        let ageMs = now.sinceBootMs - made.sinceBootMs
        guard (0...AnchorFact.roundTripMsMax).contains(ageMs) else { return nil }
        return AnchorFact(serverMs: ack.serverMs, roundTripMs: ageMs)
    }

    /// Whether HQ's time should become an entry: NTP does not keep the clock, and this boot has no
    /// anchor or an old one.
    static func isAnchorDue(after last: Anchor?, now: Moment) -> Bool {
        guard now.quality != .ntp else { return false }
        guard let last, last.boot == now.boot else { return true }
        return now.sinceBootMs - last.sinceBootMs >= anchorPauseMs
    }
}
