import DaemonKit
import LedgerDB
import Logging
import LoyaltyCore
import ServiceLifecycle
import StampAgent
import UnixSignals

/// Ends the live events when the agent shuts down, so that no page holds the listener open.
struct HubService: Service {
    let hub: EventHub

    func run() async throws {
        // Allowed: a cancellation ends the wait just as the shutdown does.
        try? await gracefulShutdown()
        hub.finish()
    }
}

/// Ends the agent when its ledger needs a new epoch, which only a start can begin.
struct EpochService: Service {
    let ledger: Ledger

    func run() async throws {
        for await reason in ledger.requests.cancelOnGracefulShutdown() {
            throw EpochEnded(reason: reason)
        }
    }
}

/// The agent must start again: systemd does it after two seconds.
struct EpochEnded: Error, CustomStringConvertible {
    let reason: SalvageReason

    var description: String {
        "the ledger needs a new epoch (\(reason.rawValue)): the next start begins it, without an"
            + " operator"
    }
}

/// Reads the programme again on SIGHUP.
struct ReloadService: Service {
    let file: ProgrammeFile
    let counter: Counter
    let board: StatusBoard
    let logger: Logger

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            await reload()
        }
    }

    private func reload() async {
        let active = await counter.programme
        do {
            let loaded = try file.load(replacing: active)
            board.update { $0.programmeProblem = loaded.problem }
            if let problem = loaded.problem {
                logger.warning("programme not used", metadata: ["problem": "\(problem)"])
            }
            guard loaded.programme != active else { return }
            await counter.replaceProgramme(loaded.programme)
            logger.notice(
                "programme in force",
                metadata: ["version": "\(loaded.programme.version)"]
            )
        } catch {
            // Something is in force, so load() falls back to it and does not come here.
            board.update { $0.programmeProblem = "\(error)" }
        }
    }
}

/// Tells systemd that the agent is ready and well, and does the ledger's housekeeping.
///
/// The watchdog is fed only after the ledger's own thread has answered: a ledger that hangs is a
/// store that stands still, and a restart is what helps.
struct HealthService: Service {
    /// How often the ledger is probed where no watchdog asks for more.
    ///
    /// Source: our own bound; an agent that idles must hardly wake the machine.
    static let probePause: Duration = .seconds(60)
    /// How often old entries and old keys are looked for, and at the first probe.
    ///
    /// Source: our own bound; they are counted in days, and each look wakes the ledger's thread.
    static let tidyPause: Duration = .seconds(3_600)

    let counter: Counter
    let ledger: Ledger
    let exchange: LogExchange
    let notifier: ServiceNotifier
    let watchdog: WatchdogInterval?
    let logger: Logger

    func run() async throws {
        notify(.ready, await statusLine())
        await verifyChain()
        let probePause = watchdog?.sendEvery ?? Self.probePause
        let tidyRoundCount = max(1, Int(Self.tidyPause / probePause))
        var roundCount = 0
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                try await cancelWhenGracefulShutdown { try await pause(for: probePause) }
            } catch {
                break
            }
            if roundCount.isMultiple(of: tidyRoundCount) { await tidy() }
            roundCount += 1
            await keepHouse()
            notify(.watchdog, await statusLine())
        }
        notify(.stopping)
        await ledger.close()
    }

    /// Verifies what the start left out; a break is told, and the next start mends it.
    private func verifyChain() async {
        do {
            try await ledger.verifyChain()
        } catch {
            logger.critical("ledger chain broken", metadata: ["error": "\(error)"])
        }
    }

    /// Forgets what is old, and has an old key followed by another.
    private func tidy() async {
        await exchange.keepKeys()
        await keepingWell { try await exchange.forgetOld() }
    }

    private func keepHouse() async {
        await keepingWell { try await ledger.checkpointIfIdle() }
    }

    private func keepingWell(_ work: () async throws -> Void) async {
        do {
            try await work()
        } catch {
            // The status says the same to whoever looks.
            logger.warning("ledger unwell", metadata: ["error": "\(error)"])
        }
    }

    private func statusLine() async -> ServiceState {
        let status = await counter.status()
        let advice = status.advice.first.map { "; \($0.text)" } ?? ""
        return .status("\(status.queue.pendingCount) entries wait for HQ\(advice)")
    }

    private func notify(_ states: ServiceState...) {
        for state in states {
            do throws(NotifyError) {
                try notifier.send(state)
            } catch {
                logger.warning("systemd not told", metadata: ["error": "\(error)"])
            }
        }
    }
}
