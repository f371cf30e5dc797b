/// What a scan means to the till.
///
/// A citizen's certificate, a donation code and a wallet's payment code carry nothing: they are
/// named so that the till can say what was scanned, and must not be kept.
public enum ScannedCode: Equatable, Sendable {
    /// One of our member codes.
    case member(MemberCode)
    /// One of our vouchers.
    case voucher(VoucherCode)
    /// A control sheet of the till.
    case control(ControlCommand)
    /// The left QR code of a printed e-invoice: what was bought, when, for how much.
    case eInvoiceLeft(EInvoice)
    /// The right QR code, which holds the rest of the lines; the till wants the left one.
    case eInvoiceRight(EInvoiceRight)
    /// The one-dimensional code of a printed e-invoice, which has no amount.
    case eInvoice1D(EInvoice1D)
    /// A mobile barcode carrier.
    case mobileBarcode(MobileBarcode)
    /// A citizen digital certificate (自然人憑證, carrier type CQ0001).
    case citizenCertificate
    /// A donation code (捐贈碼).
    case donationCode
    /// A wallet's one-time payment code.
    case walletPayment
    /// A product.
    case product(GTIN)
}

extension ScannedCode {
    /// Reads a scan.
    ///
    /// The order is that of the classes in the Ministry of Finance's and our own forms, and decides
    /// where forms overlap:
    ///
    /// - Our own lengths with our first digit are ours; wrong check digits are refused and never
    ///   taken for something else.
    /// - 18 digits are a wallet's code, whether or not they pass a card's check.
    /// - 13 digits that pass EAN-13's check are a product even if they pass a card's too, because
    ///   Taiwan's products start with 471 and cards of 13 digits are gone. 14 digits are a card
    ///   first (Diners Club), unless the scanner says which symbol it was.
    /// - 11 digits are a UPC-A without its zero only if the scanner says so: otherwise one changed
    ///   digit could turn a control sheet into a product.
    ///
    /// - Parameters:
    ///   - bytes: The symbol's content, without line ending and AIM identifier.
    ///   - aim: Which kind of symbol it was, if the scanner says so.
    /// - Throws: `CodeRefusal`, naming why it is no code that the till acts on.
    public init(_ bytes: [UInt8], aim: AIMIdentifier? = nil) throws(CodeRefusal) {
        guard !bytes.isEmpty else { throw .empty }
        guard bytes.count <= Scan.byteCountMax else { throw .tooLong }

        if let aim, aim.isRetail || aim.isGS1 {
            self = .product(try Self.product(bytes, aim: aim))
        } else if let right = EInvoiceRight(bytes) {
            self = .eInvoiceRight(right)
        } else if EInvoice.isLeftLike(bytes) {
            self = .eInvoiceLeft(try EInvoice(left: bytes))
        } else if bytes.contains(where: \.isControl) {
            throw .controlCharacters
        } else if bytes.isAllDigits {
            self = try Self.number(bytes)
        } else {
            self = try Self.carrier(bytes)
        }
    }

    private static func product(
        _ bytes: [UInt8],
        aim: AIMIdentifier
    ) throws(CodeRefusal) -> GTIN {
        guard !bytes.contains(where: { $0.isControl && $0 != 0x1D }) else {
            throw .controlCharacters
        }
        if aim.isGS1 {
            guard let gtin = GTIN(elementString: bytes) else { throw .unknownCode }
            return gtin
        }
        guard bytes.isAllDigits else { throw .unknownCode }
        let main: [UInt8] = [15, 18].contains(bytes.count) ? Array(bytes.prefix(13)) : bytes
        guard (8...13).contains(main.count) else { throw .unknownCode }
        let isUPCE = aim.isEAN13 && main.count == 8
        let gtin = isUPCE ? GTIN(upcE: main) ?? GTIN(main) : GTIN(retail: main)
        guard let gtin else { throw .checkDigitsWrong(kind: nil) }
        return gtin
    }

    /// Digits only.
    private static func number(_ digits: [UInt8]) throws(CodeRefusal) -> ScannedCode {
        if let form = OwnCode.form(of: digits) { return try form.code(of: digits) }
        switch digits.count {
        case PaymentText.walletDigitCount: return .walletPayment
        case 3...7: return .donationCode
        case 8:
            // Eight digits fit both EAN-8 and UPC-E; EAN-8 is the one sold here.
            guard let gtin = GTIN(digits) ?? GTIN(upcE: digits) else {
                throw .checkDigitsWrong(kind: nil)
            }
            return .product(gtin)
        case 12, 13:
            if let gtin = GTIN(digits) { return .product(gtin) }
            throw PaymentText.isCardNumber(digits) ? .paymentCode : .checkDigitsWrong(kind: nil)
        default:
            if PaymentText.isCardNumber(digits) { throw .paymentCode }
            guard let gtin = GTIN(digits) else { throw .unknownCode }
            return .product(gtin)
        }
    }

    /// Anything that is not digits only.
    private static func carrier(_ bytes: [UInt8]) throws(CodeRefusal) -> ScannedCode {
        if let code = EInvoice1D(bytes) { return .eInvoice1D(code) }
        if let barcode = MobileBarcode(bytes) { return .mobileBarcode(barcode) }
        if isCitizenCertificate(bytes) { return .citizenCertificate }
        if let gtin = DigitalLink.gtin(bytes) { return .product(gtin) }
        if PaymentText.isCard(bytes) { throw .paymentCode }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        if EInvoice.isLowercaseLeft(bytes) { throw .layoutMismatch(.capsLock) }
        if let layout = KeyboardLayout(mangled: text) { throw .layoutMismatch(layout) }
        throw .unknownCode
    }

    /// Two capitals and 14 digits.
    private static func isCitizenCertificate(_ bytes: [UInt8]) -> Bool {
        bytes.count == 16 && bytes.prefix(2).allSatisfy(\.isCapital)
            && bytes.dropFirst(2).isAllDigits
    }
}
