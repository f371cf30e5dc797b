import LedgerDB
import Logging
import LoyaltyCore
import SyncWire

/// Programmes that HQ published, and when they come into force.
extension DownService {
    /// Fetches the documents of editions that may come into force here.
    func fetchDocuments() async throws {
        let active = await counter.programme
        for known in try await ledger.editions(of: active.name)
        where known.document == nil && known.edition.reference.version > active.version {
            let reference = known.edition.reference
            let reply = try await ask(
                EditionV1.path(of: reference.digest),
                byteCountMax: EditionV1.documentByteCountMax
            )
            guard reply.status == 200 else { throw DownFailure(PushOutcome(refusal: reply)) }
            do {
                let document = String(decoding: reply.content, as: UTF8.self)
                guard ProgrammeReference(try readProgramme(document)) == reference
                else { throw DownFailure(.incredible("it says something else than was signed")) }
                try await ledger.keep(document, of: known.edition, today: today(of: active))
            } catch let error where !(error is LedgerError) {
                // Members go on; the last good programme stays in force.
                programmeProblem =
                    "version \(reference.version) of \(reference.name) is not used: \(error)"
            }
            try onStep()
        }
    }

    /// Puts the newest edition in force whose day has come.
    func activate() async throws {
        let active = await counter.programme
        let today = today(of: active)
        let due = try await ledger.editions(of: active.name).last { known in
            known.document != nil && known.edition.from <= today
                && known.edition.reference.version > active.version
        }
        guard let document = due?.document else { return }
        let programme = try readProgramme(document)
        await counter.replaceProgramme(programme)
        programmeProblem = nil
        logger.notice("programme in force", metadata: ["version": "\(programme.version)"])
    }

    func activateLogging() async {
        do {
            try await activate()
        } catch {
            logger.warning("programme not used", metadata: ["error": "\(error)"])
        }
    }

    func today(of programme: Programme) -> BusinessDate {
        BusinessDate(at: counter.clock.reading().wall, in: programme.calendar)
    }

    /// Notes that HQ's newest edition is older than the one in force.
    func noteLatest(of snapshot: SnapshotV1) async {
        let active = await counter.programme
        let latest = snapshot.editions.last { $0.reference.name == active.name }?.reference.version
        guard let latest, latest < active.version else { return }
        programmeProblem =
            "HQ's \(active.name) is version \(latest), older than version \(active.version)"
    }
}
