import Logging
import LoyaltyCore
import ServiceLifecycle
import SyncWire

/// Decides booked entries again, and notes where a store decided otherwise (docs/adr/0030).
///
/// Runs after the booking and beside it: what a store promised is booked as it stands, and a
/// difference is for people. A slice's findings and its place are committed together, so whoever
/// is killed in between decides that slice once more.
actor DecisionCheck: Service {
    /// Entries that are read, decided and recorded at a time.
    ///
    /// Source: our own bound; the database is held for some 5 ms, and a push waits no longer.
    static let entryCountMax: Int64 = 500
    /// How long the check waits before it tries a database again that failed.
    static let retryPause: Duration = .seconds(60)

    private let store: HQStore
    private let readProgramme: HQSettings.ProgrammeReader
    private let pause: Duration
    private let onRound: @Sendable () -> Void
    private let logger: Logger
    /// What was read of HQ's own editions, by digest; as many as HQ has published.
    private var editions: [String: HeldEdition] = [:]

    /// Creates the check.
    ///
    /// - Parameters:
    ///   - store: Whose entries are decided again.
    ///   - readProgramme: Reads a programme's document.
    ///   - pause: How long it gathers what is booked before it looks again.
    ///   - onRound: Called after each round, with all of it on the disk.
    ///   - logger: Where differences and failures are logged.
    init(
        store: HQStore,
        readProgramme: @escaping HQSettings.ProgrammeReader,
        pause: Duration = .seconds(1),
        onRound: @escaping @Sendable () -> Void = {},
        logger: Logger
    ) {
        self.store = store
        self.readProgramme = readProgramme
        self.pause = pause
        self.onRound = onRound
        self.logger = logger
    }

    /// Checks what is booked until the service group shuts down.
    func run() async {
        await cancelWhenGracefulShutdown { await self.watch() }
    }

    private func watch() async {
        // What was booked before HQ last ended.
        store.checkWake.ring()
        var isFirst = true
        for await _ in store.checkWake.rings {
            do {
                if isFirst { try await reopen() }
                isFirst = false
                try await catchUp()
                onRound()
                try await Task.sleep(for: pause)
            } catch is CancellationError {
                return
            } catch {
                logger.error("decisions not checked", metadata: ["error": "\(error)"])
                // Allowed: it throws only when the service ends, and then the loop ends too.
                try? await Task.sleep(for: Self.retryPause)
                store.checkWake.ring()
            }
        }
    }

    /// Checks everything that is booked and not checked yet.
    ///
    /// - Throws: `DatabaseError`, `CancellationError`; what was recorded by then stays.
    func catchUp() async throws {
        while let slice = try await store.uncheckedSlice() {
            try Task.checkCancellation()
            // Once for each device: whoever was told looks at the report.
            for device in try await store.record(try await check(slice)) {
                logger.warning(
                    "alarm",
                    metadata: [
                        "kind": "\(AlarmKind.decisionDiffers.rawValue)",
                        "device": "\(device.text)",
                    ]
                )
            }
        }
    }

    /// Decides a slice again; writes nothing.
    ///
    /// - Throws: `DatabaseError`.
    func check(_ slice: UncheckedSlice) async throws -> CheckedSlice {
        var named: [ProgrammeReference: HeldEdition] = [:]
        var found: [CheckedSlice.Found] = []
        for kept in slice.entries {
            // What was booked once reads for ever: the bytes and their form never change.
            guard case .success(let entry) = ParsedEntry.content(of: kept.body) else { continue }
            found += try await differences(of: entry, kept.place, &named)
        }
        return CheckedSlice(slice: slice, found: found)
    }

    private func differences(
        of entry: Entry,
        _ place: EntryPlace,
        _ named: inout [ProgrammeReference: HeldEdition]
    ) async throws -> [CheckedSlice.Found] {
        func found(
            _ differences: [Difference],
            _ programme: ProgrammeReference?
        ) -> [CheckedSlice.Found] {
            differences.map { .init(place: place, difference: $0, programme: programme) }
        }
        switch entry.fact {
        case .award(let award):
            let edition = try await edition(award.programme, &named)
            return found(award.differences(edition, at: entry.at), award.programme)
        case .void(let void):
            let award = try await store.award(void.sequence, ofEpoch: void.epoch, in: place.log)
            return found(void.differences(award?.award.fact, after: award?.refunds ?? []), nil)
        case .refund(let refund):
            let award = try await store.award(
                refund.sequence,
                ofEpoch: refund.epoch,
                in: place.log
            )?.award
            var programmes: [Programme] = []
            // Where both are missing, the second is looked for once the first is there.
            for reference in [award?.fact.programme ?? refund.programme, refund.programme] {
                let edition = try await edition(reference, &named)
                guard let programme = edition.programme
                else { return found(edition.differences, reference) }
                programmes.append(programme)
            }
            let booked = award.map { ($0.fact, $0.at) }
            let differences = refund.differences(booked, programmes[0], programmes[1])
            return found(differences, refund.programme)
        case .boot, .anchor, .keyRotate, .salvage, .lost, .grant: return []
        }
    }

    /// What HQ has of an edition, asked for once in a slice.
    private func edition(
        _ reference: ProgrammeReference,
        _ named: inout [ProgrammeReference: HeldEdition]
    ) async throws -> HeldEdition {
        if let known = named[reference] { return known }
        let edition = try await edition(reference)
        named[reference] = edition
        return edition
    }

    /// Opens entries again whose editions could not be read and now can, since HQ is a newer one.
    func reopen() async throws {
        for reference in try await store.unreadableEditions() {
            guard case .programme = try await edition(reference) else { continue }
            try await store.reopen(reference)
        }
    }

    /// What HQ has of an edition that an entry names.
    private func edition(_ reference: ProgrammeReference) async throws -> HeldEdition {
        if let known = editions[reference.digest], case .programme(let programme) = known,
            programme.name == reference.name, programme.version == reference.version
        {
            return known
        }
        guard let held = try await store.edition(reference.name, reference.version)
        else { return .unknown }
        guard held.digest == reference.digest else {
            return .other(
                ProgrammeReference(
                    name: reference.name,
                    version: reference.version,
                    digest: held.digest
                )
            )
        }
        if let known = editions[held.digest] { return known }
        let read = read(held.yaml, as: reference)
        editions[held.digest] = read
        return read
    }

    private func read(_ yaml: String, as reference: ProgrammeReference) -> HeldEdition {
        do {
            let programme = try readProgramme(yaml)
            guard ProgrammeReference(programme) == reference
            else { return .unreadable("the document now says something else") }
            return .programme(programme)
        } catch {
            return .unreadable("\(error)")
        }
    }
}
