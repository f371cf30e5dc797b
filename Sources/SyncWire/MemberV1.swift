public import LoyaltyCore

/// A member as HQ sends one down, version 1: no full name, no phone number.
///
/// A snapshot and the state's digest hold a member as one line: number, masked name, mobile barcode
/// and `0` or `1` for barred, set off by tabs. Every member has exactly one such line.
public struct MemberV1: Hashable, Sendable {
    /// The number on the card.
    public let number: MemberNumber
    /// The name with its middle hidden, such as 王○明.
    public let maskedName: String?
    /// The mobile barcode (手機條碼) that also identifies the member.
    public let mobileBarcode: String?
    /// Whether HQ has barred the member.
    public let isBlocked: Bool

    /// Most Unicode scalars of a masked name.
    ///
    /// Source: our own bound; the display shows some twelve.
    public static let nameScalarCountMax = 40
    /// Bytes of a mobile barcode.
    ///
    /// Source: CODES.md, 手機條碼: `/` and seven of `0-9 A-Z . - +`.
    public static let barcodeByteCount = 8
    /// Most bytes of a line: 14 digits, 40 scalars of 4 bytes, a barcode, a digit and three tabs.
    public static let lineByteCountMax = 14 + 160 + 8 + 1 + 3

    /// Creates a member, or nil if the name or the barcode cannot be one.
    public init?(
        number: MemberNumber,
        maskedName: String?,
        mobileBarcode: String?,
        isBlocked: Bool
    ) {
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
        return out
    }

    /// Reads a line, or gives nil if it is not one that `line` writes.
    public init?(line: some Collection<UInt8>) {
        guard line.count <= Self.lineByteCountMax else { return nil }
        let fields = line.split(separator: Self.tab, omittingEmptySubsequences: false)
        guard fields.count == 4, fields[3].count == 1, let barred = fields[3].first,
            barred == UInt8(ascii: "0") || barred == UInt8(ascii: "1"),
            let number = String(validating: fields[0], as: UTF8.self).flatMap({ MemberNumber($0) }),
            let name = String(validating: fields[1], as: UTF8.self),
            let barcode = String(validating: fields[2], as: UTF8.self)
        else { return nil }
        self.init(
            number: number,
            maskedName: name.isEmpty ? nil : name,
            mobileBarcode: barcode.isEmpty ? nil : barcode,
            isBlocked: barred == UInt8(ascii: "1")
        )
    }

    /// Cuts a name to what fits; nil for one that is empty.
    public static func fitting(_ name: String) -> String? {
        let scalars = name.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
            .prefix(nameScalarCountMax)
        return scalars.isEmpty ? nil : String(String.UnicodeScalarView(scalars))
    }

    private static let tab = UInt8(ascii: "\t")
}
