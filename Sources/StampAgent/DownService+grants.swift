import LedgerDB
import Logging
import LoyaltyCore
import SyncWire

/// Rights that HQ places on this device.
extension DownService {
    /// Takes the grants that wait at HQ; one that was taken before changes nothing.
    ///
    /// HQ hears of it by the log alone: until the entry is there, it lists the grant again.
    ///
    /// - Throws: `DownFailure`, `LedgerError`; what was taken by then is in the log.
    func takeGrants() async throws {
        var after: GrantID?
        while true {
            let reply = try await ask(
                GrantListV1.path(of: ledger.identity.device),
                query: after.map { "after=\($0.text)" },
                byteCountMax: GrantListV1.byteCountMax
            )
            // An HQ of an earlier version has none.
            if reply.status == 404 { return }
            let list = try signed(reply) { bytes, key throws(DownError) in
                try GrantListV1(parsing: bytes, signedBy: key)
            }
            guard list.device == ledger.identity.device
            else { throw DownFailure(.incredible("its grants are another device's")) }
            for grant in list.grants { try await take(grant.fact) }
            if list.unreadCount > 0 {
                logger.warning(
                    "grants of a later version wait at HQ: update the agent",
                    metadata: ["count": "\(list.unreadCount)"]
                )
            }
            guard let last = list.last, after.map({ $0 < last }) ?? true else { return }
            after = last
        }
    }

    private func take(_ fact: GrantFact) async throws {
        switch try await ledger.accept(fact, at: counter.clock.reading()) {
        case .accepted(let sequence):
            try onStep()
            logger.notice(
                "rights taken",
                metadata: ["grant": "\(fact.id.text)", "entry_id": "\(sequence)"]
            )
            await counter.recorded()
        case .repeated: return
        case .overflow:
            logger.warning(
                "rights not taken: the member would hold more than can be counted",
                metadata: ["grant": "\(fact.id.text)"]
            )
        }
    }
}
