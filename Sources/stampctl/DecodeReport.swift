import ScanCodec

/// What `stampctl decode` says of one scan: named values in a fixed order.
///
/// Never the scanned text itself: it may be a payment code or somebody's identity.
struct DecodeReport {
    /// The values, as they go into the JSON object.
    private(set) var members: [(key: String, value: JSONValue)]
    /// Whether the till knows the code.
    let isKnown: Bool

    /// Reads a scan and says what it is.
    ///
    /// - Parameters:
    ///   - bytes: The scan, with or without AIM identifier.
    ///   - rightBytes: What was scanned as the right QR code of the same invoice, if anything was.
    ///   - key: The seller's key for field 8, if there is one.
    init(scan bytes: [UInt8], right rightBytes: [UInt8]?, key: EInvoiceKey?) {
        let (aim, content) = AIMIdentifier.split(bytes)
        let right = rightBytes.flatMap { EInvoiceRight(AIMIdentifier.split($0).content) }
        guard rightBytes == nil || right != nil else {
            members = [
                ("kind", .string("unknown")), ("reason", .string("right-code-expected")),
                ("detail", .string("--right takes the right QR code, which starts with **")),
            ]
            isKnown = false
            return
        }
        do throws(CodeRefusal) {
            let code = try ScannedCode(content, aim: aim)
            members = try Self.members(of: code, right: right, key: key)
            isKnown = true
        } catch {
            members = Self.members(of: error)
            isKnown = false
        }
        if let aim { members.append(("aim", .string("\(aim)"))) }
    }

    /// One JSON object on one line.
    var json: String { JSONValue.object(members).line }

    /// Short lines for people, a value each.
    var text: String {
        members.flatMap { key, value in Self.lines(key, value) }.joined(separator: "\n")
    }

    private static func lines(_ key: String, _ value: JSONValue) -> [String] {
        switch value {
        case .null: ["\(key): none"]
        case .string(let text):
            ["\(key): \(printable(text))"]
        case .array(let values): values.map { "\(key): \($0.line)" }
        default: ["\(key): \(value.line)"]
        }
    }

    private static func printable(_ text: String) -> String {
        String(text.unicodeScalars.map { $0.isUnprintable ? "?" : Character($0) })
    }

    private static func members(of refusal: CodeRefusal) -> [(key: String, value: JSONValue)] {
        var members: [(key: String, value: JSONValue)] = [("kind", .string("unknown"))]
        if let kind = refusal.codeKind { members.append(("codeKind", .number("\(kind)"))) }
        members.append(("reason", .string(refusal.code)))
        if case .layoutMismatch(let layout) = refusal {
            members.append(("layout", .string("\(layout)")))
        }
        members.append(("detail", .string("\(refusal)")))
        return members
    }

    private static func members(
        of code: ScannedCode,
        right: EInvoiceRight?,
        key: EInvoiceKey?
    ) throws(CodeRefusal) -> [(key: String, value: JSONValue)] {
        switch code {
        case .member(.card(let number)):
            [
                ("kind", .string("member")), ("codeKind", .number("4")),
                ("memberNumber", .string("\(number)")),
            ]
        case .voucher:
            [("kind", .string("voucher")), ("codeKind", .number("5"))]
        case .control(let command):
            [("kind", .string("control")), ("codeKind", .number("6"))] + members(of: command)
        case .eInvoiceLeft(let invoice):
            try members(of: invoice, right: right, key: key)
        case .eInvoiceRight:
            [
                ("kind", .string("eInvoiceRight")),
                ("detail", .string("the right code of an invoice: scan the left one")),
            ]
        case .eInvoice1D(let invoice):
            [
                ("kind", .string("eInvoice1D")), ("invoiceNumber", .string(invoice.number)),
                ("randomCode", .string(invoice.randomCode)),
                ("period", .string("\(invoice.period)")),
            ]
        case .product(let gtin):
            [("kind", .string("product")), ("gtin", .string(gtin.digits))]
        case .mobileBarcode: [("kind", .string("mobileBarcode"))]
        case .citizenCertificate:
            [
                ("kind", .string("citizenCertificate")),
                ("detail", .string("a citizen certificate: never used for members here")),
            ]
        case .donationCode: [("kind", .string("donationCode"))]
        case .walletPayment:
            [
                ("kind", .string("walletPayment")),
                ("detail", .string("a wallet's payment code: pay with it at the terminal")),
            ]
        }
    }

    private static func members(
        of command: ControlCommand
    ) -> [(key: String, value: JSONValue)] {
        switch command {
        case .cancel: [("command", .string("cancel"))]
        case .undoLastAward: [("command", .string("undoLastAward"))]
        case .redeem: [("command", .string("redeem"))]
        case .reward(let code):
            [("command", .string("reward")), ("rewardCode", .number("\(code)"))]
        case .unknown(let number):
            [("command", .string("unknown")), ("commandNumber", .number("\(number)"))]
        }
    }
}
