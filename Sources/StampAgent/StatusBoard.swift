import Synchronization

/// Where each part of the agent writes how it is, for the counter to show.
public final class StatusBoard: Sendable {
    /// What the parts wrote.
    public struct Notes: Hashable, Sendable {
        /// The scanners, attached and missing.
        public var scanners: [ScannerStatus] = []
        /// The line to HQ.
        public var hq: HQStatus
        /// What HQ sends down.
        public var down = DownStatus()
        /// Why the programme file is not in force, if it is not.
        public var programmeProblem: String?
        /// Why the device's key is not followed by another although it is time, if so.
        public var keyProblem: String?
    }

    private struct State: Sendable {
        var notes: Notes
        var onChange: (@Sendable () -> Void)?
    }

    private let state: Mutex<State>

    /// Creates a board.
    ///
    /// - Parameter hqURL: Where HQ is; nil if none is configured.
    public init(hqURL: String?) {
        state = Mutex(State(notes: Notes(hq: HQStatus(url: hqURL))))
    }

    /// What stands on the board.
    public var notes: Notes { state.withLock { $0.notes } }

    /// Changes what stands on the board, and tells the counter if it did change.
    public func update(_ change: (inout Notes) -> Void) {
        let onChange = state.withLock { state in
            let before = state.notes
            change(&state.notes)
            return state.notes == before ? nil : state.onChange
        }
        onChange?()
    }

    /// Names the one who is told of each change.
    func setOnChange(_ onChange: @escaping @Sendable () -> Void) {
        state.withLock { $0.onChange = onChange }
    }
}
