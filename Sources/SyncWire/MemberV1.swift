public import LoyaltyCore

/// A member as HQ sends one down, version 1: no full name, no phone number.
///
/// A snapshot and the state's digest hold a member as one line: number, masked name, mobile barcode
/// and `0` or `1` for barred, set off by tabs. A member with a profile has three fields more: the
/// birthday as `05-20` or nothing, `0` or `1` for referred, and the tier's name or nothing. Every
/// member has exactly one such line.
public struct MemberV1: Hashable, Sendable {
    /// The number on the card.
    public let number: MemberNumber
    /// The name with its middle hidden, such as 王○明.
    public let maskedName: String?
    /// The mobile barcode (手機條碼) that also identifies the member.
    public let mobileBarcode: String?
    /// Whether HQ has barred the member.
    public let isBlocked: Bool
    /// What rules may ask of the member; a birthday without its year.
    public let profile: Profile

    /// Most Unicode scalars of a masked name.
    ///
    /// Source: our own bound; the display shows some twelve.
    public static let nameScalarCountMax = 40
    /// Bytes of a mobile barcode.
    ///
    /// Source: CODES.md, 手機條碼: `/` and seven of `0-9 A-Z . - +`.
    public static let barcodeByteCount = 8
    /// Most bytes of a line without a profile: 14 digits, 40 scalars of 4 bytes, a barcode, a digit
    /// and three tabs.
    public static let plainLineByteCountMax = 14 + 160 + 8 + 1 + 3
    /// Most bytes of a line: a birthday, a digit, a tier's name of 40 characters, three tabs more.
    public static let lineByteCountMax = plainLineByteCountMax + 5 + 1 + 40 + 3

    /// Creates a member, or nil if the name, the barcode or the profile cannot be one.
    public init?(
        number: MemberNumber,
        maskedName: String?,
        mobileBarcode: String?,
        isBlocked: Bool,
        profile: Profile = Profile()
    ) {
        guard profile.isWellFormed else { return nil }
        if let maskedName {
            guard (1...Self.nameScalarCountMax).contains(maskedName.unicodeScalars.count),
                maskedName.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
            else { return nil }
        }
        if let mobileBarcode {
            guard mobileBarcode.utf8.count == Self.barcodeByteCount,
                mobileBarcode.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            else { return nil }
        }
        self.number = number
        self.maskedName = maskedName
        self.mobileBarcode = mobileBarcode
        self.isBlocked = isBlocked
        self.profile = profile
    }

    /// The member's line, without a line feed.
    public var line: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(48)
        out += number.description.utf8
        out.append(Self.tab)
        out += (maskedName ?? "").utf8
        out.append(Self.tab)
        out += (mobileBarcode ?? "").utf8
        out.append(Self.tab)
        out.append(isBlocked ? UInt8(ascii: "1") : UInt8(ascii: "0"))
        guard profile != Profile() else { return out }
        out.append(Self.tab)
        out += (profile.birthdate?.description ?? "").utf8
        out.append(Self.tab)
        out.append(profile.isReferred ? UInt8(ascii: "1") : UInt8(ascii: "0"))
        out.append(Self.tab)
        out += (profile.tierFloor ?? "").utf8
        return out
    }

    /// Reads a line, or gives nil if it is not one that `line` writes.
    public init?(line: some Collection<UInt8>) {
        guard line.count <= Self.lineByteCountMax else { return nil }
        let fields = line.split(separator: Self.tab, omittingEmptySubsequences: false)
        guard fields.count == 4 || fields.count == 7, let isBlocked = Self.flag(fields[3]),
            let number = String(validating: fields[0], as: UTF8.self).flatMap({ MemberNumber($0) }),
            let name = String(validating: fields[1], as: UTF8.self),
            let barcode = String(validating: fields[2], as: UTF8.self),
            let profile = fields.count == 4 ? Profile() : Self.profile(fields[4...])
        else { return nil }
        self.init(
            number: number,
            maskedName: name.isEmpty ? nil : name,
            mobileBarcode: barcode.isEmpty ? nil : barcode,
            isBlocked: isBlocked,
            profile: profile
        )
    }

    /// Reads a profile's three fields; one of which nothing is known has none.
    private static func profile(_ fields: ArraySlice<some Collection<UInt8>>) -> Profile? {
        let texts = fields.compactMap { String(validating: $0, as: UTF8.self) }
        guard texts.count == 3, texts[0].isEmpty || texts[0].utf8.count == 5,
            let isReferred = flag(fields[fields.startIndex + 1])
        else { return nil }
        let birthday = Birthday(texts[0])
        guard texts[0].isEmpty || birthday != nil else { return nil }
        let profile = Profile(
            birthday: birthday,
            isReferred: isReferred,
            tierFloor: texts[2].isEmpty ? nil : texts[2]
        )
        return profile == Profile() ? nil : profile
    }

    private static func flag(_ field: some Collection<UInt8>) -> Bool? {
        guard field.count == 1 else { return nil }
        switch field.first {
        case UInt8(ascii: "0"): return false
        case UInt8(ascii: "1"): return true
        default: return nil
        }
    }

    /// Cuts a name to what fits; nil for one that is empty.
    public static func fitting(_ name: String) -> String? {
        let scalars = name.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
            .prefix(nameScalarCountMax)
        return scalars.isEmpty ? nil : String(String.UnicodeScalarView(scalars))
    }

    private static let tab = UInt8(ascii: "\t")
}
