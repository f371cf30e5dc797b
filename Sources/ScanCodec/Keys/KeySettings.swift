/// How one keyboard scanner is set up.
public struct KeySettings: Equatable, Sendable {
    /// What a number typed with Alt and the numeric keypad stands for.
    public enum AltNumpad: Equatable, Sendable {
        /// A byte of the symbol, 0 to 255; a larger number is a Unicode code point all the same.
        case byte
        /// A Unicode code point, which comes out as UTF-8.
        case unicode
    }

    /// What Alt+numpad numbers stand for.
    public var altNumpad: AltNumpad

    /// Whether a burst without Enter or Tab is void instead of being emitted after a silence.
    public var isSuffixRequired: Bool

    /// Creates settings; the defaults fit a scanner as it leaves the factory.
    ///
    /// - Parameters:
    ///   - altNumpad: What Alt+numpad numbers stand for.
    ///   - isSuffixRequired: Whether a burst without suffix is void.
    public init(altNumpad: AltNumpad = .byte, isSuffixRequired: Bool = false) {
        self.altNumpad = altNumpad
        self.isSuffixRequired = isSuffixRequired
    }
}
