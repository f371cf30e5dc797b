import LedgerDB
import Logging
import LoyaltyCore
import SyncWire

/// What HQ's operator wants of this device.
extension DownService {
    /// Does what is wanted, and says so: HQ forgets it only then.
    ///
    /// Ended in between, it does some of it again, which changes nothing or little.
    func obey() async throws {
        // Also without a command: an agent that did not know it has confirmed it, and a log that
        // was begun anew may lack what its device had taken.
        if !hasAskedForGrants {
            try await takeGrants()
            hasAskedForGrants = true
        }
        var doneID: Int64 = 0
        while hasCommands {
            let reply = try await ask(
                CommandListV1.path(of: ledger.identity.device),
                query: "after=\(doneID)",
                byteCountMax: CommandListV1.byteCountMax
            )
            let list = try signed(reply) { bytes, key throws(DownError) in
                try CommandListV1(parsing: bytes, signedBy: key)
            }
            guard list.device == ledger.identity.device
            else { throw DownFailure(.incredible("its commands are another device's")) }
            for command in list.commands where command.id > doneID { try await perform(command) }
            hasCommands = list.commands.last?.id ?? 0 > doneID
            doneID = max(doneID, list.commands.last?.id ?? 0)
            try onStep()
        }
    }

    private func perform(_ command: CommandListV1.Command) async throws {
        logger.notice(
            "HQ's operator asks",
            metadata: ["command": "\(command.action?.rawValue ?? "of a later version")"]
        )
        switch command.action {
        case .pull: counter.pulls.fire()
        case .rotateKey: await rotateKey()
        case .takeGrants: try await takeGrants()
        case nil: break
        }
    }

    private func rotateKey() async {
        do {
            _ = try await keys.device.rotate(in: ledger, at: counter.clock.reading())
            await counter.recorded()
        } catch {
            counter.board.update { $0.keyProblem = "\(error)" }
            logger.warning("key not changed", metadata: ["error": "\(error)"])
        }
    }
}
