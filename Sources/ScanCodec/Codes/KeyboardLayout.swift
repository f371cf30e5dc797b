/// A layout that digits went through by mistake.
///
/// Either the host reads a US scanner with its own layout, which gives letters with accents, or
/// the scanner types for a layout whose digits need Shift, which gives `!@#`.
public enum KeyboardLayout: String, CaseIterable, Equatable, Sendable {
    /// The host's layout is French: `à&é"'(-è_ç` for 0 to 9.
    case azerty = "AZERTY"
    /// The host's layout is Czech: `é+ěščřžýáí` for 0 to 9.
    case czech = "Czech"
    /// The scanner is set to a layout whose digits need Shift, as French and Czech are.
    case shiftedDigits = "shifted digits: AZERTY or Czech"
    /// CapsLock is on somewhere: an invoice with small letters.
    case capsLock = "CapsLock"

    /// Fewest characters to tell from: the shortest number that the till acts on has eight.
    static let characterCountMin = 8

    /// Fewest different characters, so that a line of dashes is not taken for a number.
    static let distinctCountMin = 3

    /// What the keys of the digits 0 to 9 type, in this order.
    private var digitCharacters: [Character] {
        switch self {
        case .azerty: Array("à&é\"'(-è_ç")
        case .czech: Array("é+ěščřžýáí")
        case .shiftedDigits: Array(")!@#$%^&*(")
        case .capsLock: []
        }
    }

    /// Finds the layout that a number went through.
    ///
    /// - Parameter text: The scanned text.
    init?(mangled text: String) {
        guard text.utf8.count <= Scan.byteCountMax else { return nil }
        let characters = Set(text)
        guard characters.count >= Self.distinctCountMin, text.count >= Self.characterCountMin,
            let layout = Self.allCases.first(where: { layout in
                characters.isSubset(of: layout.digitCharacters)
            })
        else { return nil }
        self = layout
    }
}

extension KeyboardLayout: CustomStringConvertible {
    /// The layout's name for people.
    public var description: String { rawValue }
}
