/// What each key types on the United States layout, which nearly all scanners are set to.
///
/// Index: the kernel's key code below 128, plus 128 with Shift. 0 means that the key types
/// nothing. Keys that edit (Escape, Backspace, Delete) type their control character, so that they
/// show up as refused bytes instead of vanishing. The key codes are those of
/// `linux/input-event-codes.h`.
enum KeyTable {
    static let shiftOffset = 128

    static let unitedStates: [UInt8] = {
        var table = [UInt8](repeating: 0, count: 2 * shiftOffset)
        fill(&table, from: 2, plain: "1234567890-=", shifted: "!@#$%^&*()_+")
        fill(&table, from: 16, plain: "qwertyuiop[]", shifted: "QWERTYUIOP{}")
        fill(&table, from: 30, plain: "asdfghjkl;'`", shifted: "ASDFGHJKL:\"~")
        fill(&table, from: 43, plain: "\\zxcvbnm,./", shifted: "|ZXCVBNM<>?")
        fill(&table, from: 57, plain: " ", shifted: " ")
        fill(&table, from: 86, plain: "<", shifted: ">")
        // The keypad types digits whatever NumLock and Shift say.
        fill(&table, from: 55, plain: "*", shifted: "*")
        fill(&table, from: 71, plain: "789-456+1230.", shifted: "789-456+1230.")
        fill(&table, from: 98, plain: "/", shifted: "/")
        fill(&table, from: 117, plain: "=", shifted: "=")
        fill(&table, from: 121, plain: ",", shifted: ",")
        // Function key 8 is how many scanners type GS, the separator of GS1 codes.
        fill(&table, from: 66, plain: "\u{1D}", shifted: "\u{1D}")
        fill(&table, from: 1, plain: "\u{1B}", shifted: "\u{1B}")
        fill(&table, from: 14, plain: "\u{08}", shifted: "\u{08}")
        fill(&table, from: 111, plain: "\u{7F}", shifted: "\u{7F}")
        return table
    }()

    private static func fill(
        _ table: inout [UInt8],
        from code: Int,
        plain: StaticString,
        shifted: StaticString
    ) {
        plain.withUTF8Buffer { table.replaceSubrange(code..<code + $0.count, with: $0) }
        let start = code + shiftOffset
        shifted.withUTF8Buffer { table.replaceSubrange(start..<start + $0.count, with: $0) }
    }

    /// The digit that a keypad key types with Alt held.
    static func keypadDigit(_ code: UInt8) -> UInt32? {
        switch code {
        case 71...73: UInt32(code) - 64
        case 75...77: UInt32(code) - 71
        case 79...81: UInt32(code) - 78
        case 82: 0
        default: nil
        }
    }
}

/// Keys that the decoder treats by name (`linux/input-event-codes.h`).
enum Key {
    static let tab: UInt8 = 15
    static let enter: UInt8 = 28
    static let capsLock: UInt8 = 58
    static let keypadEnter: UInt8 = 96
}

/// The modifier keys that are down.
struct KeyModifiers: OptionSet {
    let rawValue: UInt8

    static let leftShift = Self(rawValue: 1)
    static let rightShift = Self(rawValue: 2)
    static let leftControl = Self(rawValue: 4)
    static let rightControl = Self(rawValue: 8)
    static let leftAlt = Self(rawValue: 16)
    /// Right Alt and the two Meta keys: what they type is no text on this layout.
    static let rightAlt = Self(rawValue: 32)
    static let leftMeta = Self(rawValue: 64)
    static let rightMeta = Self(rawValue: 128)

    static let shift: Self = [.leftShift, .rightShift]
    static let control: Self = [.leftControl, .rightControl]
    static let mute: Self = [.rightAlt, .leftMeta, .rightMeta]

    /// The modifier a key is; nil for all other keys.
    init?(key: UInt8) {
        switch key {
        case 42: self = .leftShift
        case 54: self = .rightShift
        case 29: self = .leftControl
        case 97: self = .rightControl
        case 56: self = .leftAlt
        case 100: self = .rightAlt
        case 125: self = .leftMeta
        case 126: self = .rightMeta
        default: return nil
        }
    }

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }
}
