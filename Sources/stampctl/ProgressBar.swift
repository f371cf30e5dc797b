import Foundation
import Synchronization

/// Shows on a terminal how far a long file is; writes nothing where nobody watches.
struct ProgressBar {
    private static let cellCount = 30

    private let title: String
    private let goal: Int64?
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var shownAt: ContinuousClock.Instant
    private let isShown = isatty(STDERR_FILENO) == 1

    init(_ title: String, goal: Int64?) {
        self.title = title
        self.goal = goal
        start = clock.now
        shownAt = start
    }

    /// Shows how far it is, five times a second at most.
    mutating func tell(byteCount: Int64, line: Int) {
        guard isShown, line % 256 == 0, clock.now - shownAt >= .milliseconds(200) else { return }
        shownAt = clock.now
        write(
            "\r\(Self.text(title, byteCount, of: goal, line: line, after: shownAt - start))\u{1B}[K"
        )
    }

    /// Takes the bar off the terminal.
    func clear() {
        if isShown { write("\r\u{1B}[K") }
    }

    /// The bar: how much is done, and how long the rest takes at this speed.
    static func text(
        _ title: String,
        _ byteCount: Int64,
        of goal: Int64?,
        line: Int,
        after elapsed: Duration
    ) -> String {
        guard let goal, goal > 0 else { return "\(title): line \(line)" }
        let done = min(byteCount, goal)
        let cells = Int(done * Int64(cellCount) / goal)
        let bar =
            String(repeating: "#", count: cells)
            + String(repeating: ".", count: cellCount - cells)
        let leftSeconds =
            done == 0 ? 0 : elapsed.components.seconds * (goal - done) / done
        let seconds = leftSeconds % 60
        return "\(title) [\(bar)] \(done * 100 / goal) %, line \(line),"
            + " \(leftSeconds / 60):\(seconds < 10 ? "0" : "")\(seconds) left"
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}

/// Whether the operator pressed Ctrl-C; the second time ends the program at once.
enum Interruption {
    private static let isAsked = Atomic(false)

    /// From now on the first Ctrl-C only asks.
    static func listen() {
        isAsked.store(false, ordering: .relaxed)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in
            Interruption.isAsked.store(true, ordering: .relaxed)
        }
        // A read that waits for a pipe's next line ends, and the handler is gone after one time.
        action.sa_flags = CInt(bitPattern: UInt32(SA_RESETHAND))
        sigaction(SIGINT, &action, nil)
    }

    static var isWanted: Bool { isAsked.load(ordering: .relaxed) }
}
