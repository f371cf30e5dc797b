/// Undoes the marks that a terminal with `PARMRK` puts into its bytes (termios(3)).
struct ParityMarks {
    /// What one byte from the terminal amounts to.
    enum Output: Equatable {
        case nothing
        case byte(UInt8)
        case error
    }

    private enum State {
        case plain
        /// An FF came.
        case marked
        /// FF 00 came: the next byte is a bad one.
        case bad
    }

    private var state = State.plain

    mutating func consume(_ byte: UInt8) -> Output {
        switch (state, byte) {
        case (.plain, 0xFF):
            state = .marked
            return .nothing
        case (.plain, _):
            return .byte(byte)
        case (.marked, 0xFF):
            state = .plain
            return .byte(0xFF)
        case (.marked, 0):
            state = .bad
            return .nothing
        case (.marked, _), (.bad, _):
            state = .plain
            return .error
        }
    }
}
