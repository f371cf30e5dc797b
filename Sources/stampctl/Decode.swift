import ArgumentParser
import ScanCodec

/// `stampctl decode`: says what a code means, without recording it.
struct Decode: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Explain a scanned code.",
        discussion: """
            Reads no ledger and needs no agent. Exits with 1 if the till would refuse the code, \
            and with 0 otherwise; payment codes and citizen certificates are named and never \
            repeated.

            With --json, one object on one line. kind is member, voucher, control, eInvoiceLeft, \
            eInvoiceRight, eInvoice1D, mobileBarcode, citizenCertificate, donationCode, \
            walletPayment, product or unknown; unknown has reason and detail. Amounts, quantities \
            and prices are exact JSON numbers; read them as decimals. A salesAmount of null means \
            that the seller does not split tax.

            An AIM identifier in front, such as ]Q1, is taken off and reported as aim. Put -- \
            before a code that starts with a dash and is the name of an option.
            """
    )

    @Flag(help: "Print one JSON object on one line.")
    var json = false

    @Option(
        help: "Read the code's bytes from a file, - for standard input. One line end comes off."
    )
    var file: String?

    @Option(help: "The right QR code of the same invoice.")
    var right: String?

    @Option(help: "The seller's key for an invoice's field 8, 32 hexadecimal digits.")
    var invoiceKey: String?

    @Argument(
        parsing: .allUnrecognized,
        help: ArgumentHelp("The code's text, without a line ending.", valueName: "text")
    )
    var texts: [String] = []

    func validate() throws {
        guard codes.count + (file == nil ? 0 : 1) == 1 else {
            throw ValidationError("Give one code: its text, or a file with --file.")
        }
        guard invoiceKey == nil || key != nil else {
            throw ValidationError("--invoice-key takes 32 hexadecimal digits.")
        }
    }

    func run() throws {
        let scan = try file.map(ScanInput.bytes) ?? Array((codes.first ?? "").utf8)
        let report = DecodeReport(scan: scan, right: right.map { Array($0.utf8) }, key: key)
        print(json ? report.json : report.text)
        guard report.isKnown else { throw ExitCode(1) }
    }

    private var key: EInvoiceKey? { invoiceKey.flatMap { EInvoiceKey(hex: $0) } }

    /// The texts without the `--` that ends the options.
    private var codes: ArraySlice<String> {
        texts.count > 1 && texts.first == "--" ? texts.dropFirst() : texts[...]
    }
}
