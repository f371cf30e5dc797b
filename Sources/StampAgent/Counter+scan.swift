import LedgerDB
import LoyaltyCore
import ScanCodec

/// What a scan is to a till.
enum ScanReading {
    /// Something for the till's session.
    case input(TillSession.Input)
    /// A receipt that was recorded before: its first answer.
    case repeated(RecordedSale)
    /// The sheet of the reward with this code.
    case reward(code: Int64)
    /// The sheet that hands over what is chosen.
    case redeem
    /// Nothing that the till acts on; the display says why.
    case refused(code: String)
    /// The ledger could not be asked.
    case notRecorded(CounterError)
}

extension Counter {
    /// Reads a scan.
    ///
    /// - Parameters:
    ///   - scan: The scan.
    ///   - isMemberAttached: Whether a member is at the till; a receipt then belongs to them, and
    ///     the ledger says whether it can.
    /// - Returns: What the till does with it.
    func reading(of scan: Scan, isMemberAttached: Bool) async -> ScanReading {
        let code: ScannedCode
        do throws(CodeRefusal) {
            code = try ScannedCode(scan.bytes, aim: scan.aim)
        } catch {
            return .refused(code: error.code)
        }
        do throws(CounterError) {
            return try await reading(of: code, isMemberAttached: isMemberAttached)
        } catch {
            if case .unknownMember(let reason) = error { return .refused(code: reason) }
            return .notRecorded(error)
        }
    }

    private func reading(
        of code: ScannedCode,
        isMemberAttached: Bool
    ) async throws(CounterError) -> ScanReading {
        switch code {
        case .member(.card(let member)): return .input(.member(member))
        case .mobileBarcode(let barcode): return .input(.member(try await member(of: barcode)))
        case .eInvoiceLeft(let invoice):
            return try await reading(of: invoice, isMemberAttached: isMemberAttached)
        case .eInvoiceRight: return .input(.rightHalf)
        case .eInvoice1D: return .refused(code: "receipt-without-amount")
        case .control(.cancel): return .input(.cancel)
        case .control(.undoLastAward): return .input(.undo)
        case .control(.redeem): return .redeem
        case .control(.reward(let code)): return .reward(code: code)
        case .control(.unknown): return .refused(code: "control-unknown")
        case .voucher: return .refused(code: "not-yet-enabled")
        case .citizenCertificate: return .refused(code: "citizen-certificate")
        case .donationCode: return .refused(code: "donation-code")
        case .walletPayment: return .refused(code: "payment-code")
        case .product: return .refused(code: "product-code")
        }
    }

    private func reading(
        of invoice: EInvoice,
        isMemberAttached: Bool
    ) async throws(CounterError) -> ScanReading {
        guard isGenuine(invoice) else { return .refused(code: "receipt-not-genuine") }
        guard let key = SaleKey(invoice.key) else { return .refused(code: "invoice-damaged") }
        if !isMemberAttached, let earlier = try await firstAnswer(to: key) {
            return .repeated(earlier)
        }
        let receipt = Receipt(date: invoice.date, sellerID: invoice.sellerID)
        return .input(
            .sale(
                SaleEvidence(
                    key: key,
                    kind: .eInvoice,
                    amount: invoice.totalAmount,
                    receipt: receipt
                )
            )
        )
    }

    /// Whether a receipt's seal fits one of the sellers' keys; true where no key is known.
    private func isGenuine(_ invoice: EInvoice) -> Bool {
        settings.invoiceKeys.isEmpty
            || settings.invoiceKeys.contains { invoice.authenticity(with: $0) == .valid }
    }

    /// The member that a code names.
    ///
    /// - Parameter code: A card's digits, a member number or a mobile barcode.
    /// - Returns: The member's number; the member need not be known to this store.
    /// - Throws: `CounterError.unknownMember` for any other code.
    func resolve(_ code: String) async throws(CounterError) -> MemberNumber {
        if let number = MemberNumber(code) { return number }
        let scanned: ScannedCode
        do throws(CodeRefusal) {
            scanned = try ScannedCode(Array(code.utf8), aim: nil)
        } catch {
            throw .unknownMember(code: error.code)
        }
        switch scanned {
        case .member(.card(let member)): return member
        case .mobileBarcode(let barcode): return try await member(of: barcode)
        default: throw .unknownMember(code: "not-a-member-code")
        }
    }

    private func member(of barcode: MobileBarcode) async throws(CounterError) -> MemberNumber {
        let record: MemberRecord?
        do {
            record = try await ledger.member(mobileBarcode: barcode.text)
        } catch {
            throw CounterError(ledger: error)
        }
        guard let record else { throw .unknownMember(code: "mobile-barcode-not-linked") }
        return record.number
    }
}
