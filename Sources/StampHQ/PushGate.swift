import LoyaltyCore
import Synchronization
import SyncWire

/// What HQ remembers between requests, in memory only: nonces, alarms just raised, devices just
/// heard, pushes at work.
///
/// Losing it at a restart is harmless: a replayed push is answered with the same acknowledgement.
final class PushGate: Sendable {
    /// Most nonces remembered at once; beyond it the oldest are forgotten first.
    ///
    /// Source: our own bound: 200 pushes a second for ten minutes, some 15 MB.
    static let nonceCountMax = 120_000
    /// How long the same alarm about the same device is not written again, in milliseconds.
    ///
    /// Source: our own bound; whoever forges requests must not make HQ write for each.
    static let alarmPauseMs: Int64 = 60_000

    private struct State {
        var nonces = NonceMemory(countMax: PushGate.nonceCountMax)
        var alarmedAtMs: [String: Int64] = [:]
        var notedAtMs: [DeviceID: Int64] = [:]
        var pushCount = 0
    }

    private let state = Mutex(State())
    private let pushCountMax: Int

    init(pushCountMax: Int) {
        self.pushCountMax = pushCountMax
    }

    /// Runs a push unless too many are at work.
    func admit<Answer>(_ push: () async throws -> Answer) async throws -> Answer {
        let isAdmitted = state.withLock { state in
            guard state.pushCount < pushCountMax else { return false }
            state.pushCount += 1
            return true
        }
        guard isAdmitted else {
            throw Problem(.hqUnavailable, "HQ is busy; push again after Retry-After seconds.")
        }
        defer { state.withLock { $0.pushCount -= 1 } }
        return try await push()
    }

    /// Takes a device's nonce, or says that it was used within its life.
    func take(_ nonce: String, of device: DeviceID, nowMs: Int64) -> Bool {
        let name = "\(device.text)/\(nonce)"
        return state.withLock { $0.nonces.take(name, nowMs: nowMs) }
    }

    /// Whether it is time to note again that a device was heard.
    func isNoteDue(_ device: DeviceID, nowMs: Int64) -> Bool {
        state.withLock { state in
            if let last = state.notedAtMs[device], nowMs - last < Heartbeat.noteMsMax {
                return false
            }
            state.notedAtMs[device] = nowMs
            return true
        }
    }

    /// Whether an alarm about a device is due again.
    func isAlarmDue(_ kind: AlarmKind, _ device: DeviceID, nowMs: Int64) -> Bool {
        let name = "\(kind.rawValue)/\(device.text)"
        return state.withLock { state in
            if let last = state.alarmedAtMs[name], nowMs - last < Self.alarmPauseMs { return false }
            state.alarmedAtMs[name] = nowMs
            return true
        }
    }
}
