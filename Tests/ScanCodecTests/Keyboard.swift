import ScanCodec

/// A keyboard scanner that sends what a real one sends: `MSC_SCAN`, the key, the report's end.
///
/// Key codes are those of `linux/input-event-codes.h`, written out apart from the decoder's table.
struct Keyboard {
    static let leftShift: UInt16 = 42
    static let leftControl: UInt16 = 29
    static let leftAlt: UInt16 = 56
    static let enter: UInt16 = 28
    static let tab: UInt16 = 15
    static let keypadEnter: UInt16 = 96
    static let numLock: UInt16 = 69
    static let capsLock: UInt16 = 58

    private static let rows: [(first: UInt16, plain: String, shifted: String)] = [
        (2, "1234567890-=", "!@#$%^&*()_+"),
        (16, "qwertyuiop[]", "QWERTYUIOP{}"),
        (30, "asdfghjkl;'`", "ASDFGHJKL:\"~"),
        (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
        (57, " ", ""),
    ]

    /// The key and whether it needs Shift.
    static func key(_ character: Character) -> (code: UInt16, isShifted: Bool) {
        for row in rows {
            for (line, isShifted) in [(row.plain, false), (row.shifted, true)] {
                if let index = Array(line).firstIndex(of: character) {
                    return (row.first + UInt16(index), isShifted)
                }
            }
        }
        return (0, false)
    }

    var events: [KeyEvent] = []
    var at: Duration = .zero
    /// Time between two reports; a character takes two.
    var reportGap: Duration = .milliseconds(4)

    mutating func report(_ keys: (code: UInt16, value: Int32)...) {
        for key in keys {
            events.append(KeyEvent(type: 4, code: 4, value: 0x7001E, at: at))
            events.append(
                KeyEvent(type: KeyEvent.keyType, code: key.code, value: key.value, at: at)
            )
        }
        events.append(KeyEvent(type: 0, code: KeyEvent.synReport, value: 0, at: at))
        at += reportGap
    }

    mutating func stroke(_ code: UInt16) {
        report((code, 1))
        report((code, 0))
    }

    mutating func type(_ text: String) {
        for character in text {
            let (code, isShifted) = Self.key(character)
            guard isShifted else {
                stroke(code)
                continue
            }
            report((Self.leftShift, 1), (code, 1))
            report((Self.leftShift, 0), (code, 0))
        }
    }

    mutating func hold(_ modifier: UInt16, during work: (inout Keyboard) -> Void) {
        report((modifier, 1))
        work(&self)
        report((modifier, 0))
    }

    /// Types a number with Alt and the keypad.
    mutating func typeNumpad(_ number: String) {
        let keys: [UInt16] = [82, 79, 80, 81, 75, 76, 77, 71, 72, 73]
        hold(Self.leftAlt) { keyboard in
            for digit in number.compactMap(\.wholeNumberValue) { keyboard.stroke(keys[digit]) }
        }
    }

    mutating func dropped() {
        events.append(KeyEvent(type: 0, code: KeyEvent.synDropped, value: 0, at: at))
    }

    /// Plays the events and tells all that is not `wait`.
    ///
    /// `idle` is called whenever its deadline passes between two events, and at the end.
    func play(_ settings: KeySettings = KeySettings(), callsIdle: Bool = true) -> [ScanAction] {
        var decoder = KeyDecoder(settings: settings)
        return play(on: &decoder, callsIdle: callsIdle)
    }

    func play(on decoder: inout KeyDecoder, callsIdle: Bool = true) -> [ScanAction] {
        var actions: [ScanAction] = []
        for event in events {
            if callsIdle, let deadline = decoder.idleDeadline, deadline <= event.at {
                actions.append(decoder.idle(at: deadline))
            }
            actions.append(decoder.consume(event))
        }
        while callsIdle, let deadline = decoder.idleDeadline {
            actions.append(decoder.idle(at: deadline))
        }
        return actions.filter { $0 != .wait }
    }
}

/// A keyboard that has typed.
func keyboard(_ work: (inout Keyboard) -> Void) -> Keyboard {
    var keyboard = Keyboard()
    keyboard.at = .seconds(10)
    work(&keyboard)
    return keyboard
}

/// A scan of ASCII text.
func emit(_ text: String) -> ScanAction {
    .emit(Array(text.utf8))
}
