public import LoyaltyCore

/// What the store knows of a member.
public struct MemberRecord: Hashable, Sendable {
    /// The member's number.
    public let number: MemberNumber
    /// Whether HQ has named this member; others earn all the same, and HQ sorts it out.
    public let isKnown: Bool
    /// The name as the display may show it, such as 王○明.
    public let maskedName: String?
    /// The e-invoice carrier that also identifies the member.
    public let mobileBarcode: String?
    /// What the member holds.
    public let standing: Standing

    /// Creates a record.
    public init(
        number: MemberNumber,
        isKnown: Bool,
        maskedName: String? = nil,
        mobileBarcode: String? = nil,
        standing: Standing = Standing()
    ) {
        self.number = number
        self.isKnown = isKnown
        self.maskedName = maskedName
        self.mobileBarcode = mobileBarcode
        self.standing = standing
    }
}

/// A member as HQ sends it.
public struct MemberRow: Hashable, Sendable {
    /// The member's number.
    public let number: MemberNumber
    /// The name as the display may show it.
    public let maskedName: String?
    /// Whether the member is barred.
    public let isBlocked: Bool
    /// The e-invoice carrier, a slash and seven characters.
    public let mobileBarcode: String?
    /// What rules may ask of the member.
    public let profile: Profile

    /// Most characters of a masked name.
    ///
    /// Source: our own bound; the display shows some twelve.
    public static let maskedNameCharacterCountMax = 40
    /// Characters of a mobile barcode.
    ///
    /// Source: CODES.md, 手機條碼: `/` and seven of `0-9 A-Z . - +`.
    public static let mobileBarcodeCharacterCount = 8

    /// Creates a row, or nil if the name, the barcode or the profile cannot be one.
    public init?(
        number: MemberNumber,
        maskedName: String? = nil,
        isBlocked: Bool = false,
        mobileBarcode: String? = nil,
        profile: Profile = Profile()
    ) {
        guard profile.isWellFormed else { return nil }
        if let maskedName {
            guard (1...Self.maskedNameCharacterCountMax).contains(maskedName.unicodeScalars.count),
                !maskedName.unicodeScalars.contains("\0")
            else { return nil }
        }
        if let mobileBarcode {
            guard mobileBarcode.utf8.count == Self.mobileBarcodeCharacterCount,
                mobileBarcode.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            else { return nil }
        }
        self.number = number
        self.maskedName = maskedName
        self.isBlocked = isBlocked
        self.mobileBarcode = mobileBarcode
        self.profile = profile
    }
}
