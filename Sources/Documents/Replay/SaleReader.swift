import LoyaltyCore

/// Reads what happened from a line's members.
struct SaleReader {
    static let names = [
        "amount", "evidence", "cashier", "cashiersOwn", "currency", "untaxed", "orderDiscount",
        "paidWithPoints", "payFromValue", "codes", "lines", "redeem", "luck", "draft",
        "opensVisit", "receipt",
    ]

    private static let lineNames = [
        "sku", "quantity", "price", "gross", "discount", "net", "untaxed", "categories", "labels",
    ]

    private let fields: LineFields
    private let type: InputType
    private let key: SaleKey
    private let date: BusinessDate
    private let member: String?

    init(
        _ fields: LineFields,
        type: InputType,
        key: SaleKey,
        date: BusinessDate,
        member: String?
    ) {
        (self.fields, self.type, self.key) = (fields, type, key)
        (self.date, self.member) = (date, member)
    }

    func event() throws(Mistake) -> ReplayInput.Event {
        switch type {
        case .refund, .cancel: return .refund(try refund())
        case .time: return .time
        default: break
        }
        var details = try details()
        details.occasion = try occasion()
        var amount = try fields.whole("amount", -Programme.amountMax...Programme.amountMax)
        if amount == nil, !details.lines.isEmpty {
            amount = details.lines.reduce(0) { $0 + $1.net } - details.orderDiscount
        }
        if type == .topUp { _ = try fields.required(amount, "amount") }
        let isPurchase = type == .sale || type == .visit
        let sale = Sale(
            key: key,
            evidence: try fields.word("evidence") ?? (type == .visit ? .visit : .pos),
            amount: amount,
            businessDate: date,
            opensVisit: try fields.flag("opensVisit") ?? isPurchase,
            till: try fields.text("till") ?? "1",
            receipt: try receipt(),
            details: details
        )
        return .sale(
            sale,
            joining: type == .join ? try joining() : nil,
            isDraft: try fields.flag("draft") ?? false
        )
    }

    private func joining() throws(Mistake) -> Joining {
        Joining(referrer: try fields.text("referrer"), birthday: try fields.birthday())
    }

    private func details() throws(Mistake) -> SaleDetails {
        var details = SaleDetails()
        details.store = try fields.text("store")
        details.cashier = try fields.text("cashier")
        details.isCashiersOwn =
            try fields.flag("cashiersOwn") ?? (member != nil && details.cashier == member)
        details.currency = try fields.text("currency")
        details.orderDiscount = try fields.whole("orderDiscount") ?? 0
        details.untaxed = try fields.whole("untaxed")
        details.paidWithPoints = try fields.whole("paidWithPoints") ?? 0
        details.storedValue =
            fields["payFromValue"] == "all" ? .max : try fields.whole("payFromValue")
        details.codes = try fields.texts("codes")
        for line in try fields.list("lines") { details.lines.append(try Self.line(line)) }
        for wish in try fields.list("redeem") {
            details.redemptions.append(try Self.redemption(wish))
        }
        details.isApproved = try fields.flag("approved") ?? false
        details.luck = try fields.whole("luck", 0...Int64.max).map(UInt64.init) ?? key.luck
        return details
    }

    private func occasion() throws(Mistake) -> Occasion {
        switch type {
        case .sale, .visit, .refund, .cancel, .time: return .purchase
        case .join: return .join
        case .topUp: return .topUp
        case .checkIn: return .checkIn
        case .survey:
            return .survey(
                try fields.required(try fields.text("survey"), "survey"),
                answer: try fields.required(try fields.whole("answer"), "answer")
            )
        case .vote:
            return .vote(
                try fields.required(try fields.text("vote"), "vote"),
                option: try fields.required(try fields.text("option"), "option")
            )
        case .recovery:
            return .recovery(
                severity: try fields.required(try fields.text("severity"), "severity"),
                reason: try fields.text("reason") ?? ""
            )
        }
    }

    private func receipt() throws(Mistake) -> Receipt? {
        guard let value = fields["receipt"] else { return nil }
        let receipt = try LineFields(value, called: "a receipt", names: ["date", "seller"])
        return Receipt(
            date: try receipt.required(try receipt.date("date"), "date"),
            sellerID: try receipt.required(try receipt.text("seller"), "seller")
        )
    }

    private static func line(_ value: CanonicalJSON) throws(Mistake) -> SaleLine {
        let fields = try LineFields(value, called: "a line of the basket", names: lineNames)
        let range = -Programme.amountMax...Programme.amountMax
        let quantity = try quantity(fields)
        let gross: Int64
        if let whole = try fields.whole("gross", range) {
            guard fields["price"] == nil
            else { throw fields.mistake("price", "write price (of one unit) or gross, not both") }
            gross = whole
        } else {
            let price = try fields.required(try fields.whole("price", range), "price")
            // Rounded half up; a price and a quantity have at most 34 bits each.
            let product = Int128(price) * Int128(quantity) * 2 + Int128(SaleLine.unit)
            let (quotient, rest) = product.quotientAndRemainder(
                dividingBy: Int128(SaleLine.unit * 2)
            )
            gross = Int64(truncatingIfNeeded: rest < 0 ? quotient - 1 : quotient)
            guard range.contains(gross)
            else { throw fields.mistake("price", "make the line at most \(range.upperBound)") }
        }
        let net = try fields.whole("net", range)
        let discount = try fields.whole("discount")
        guard net == nil || discount == nil
        else { throw fields.mistake("discount", "write discount or net, not both") }
        return SaleLine(
            sku: try fields.required(try fields.text("sku"), "sku"),
            categories: try fields.texts("categories"),
            labels: try fields.texts("labels"),
            quantity: quantity,
            gross: gross,
            net: net ?? gross - (discount ?? 0),
            untaxed: try fields.whole("untaxed", range)
        )
    }

    /// A quantity in thousandths: a whole number of units, or a text such as `"1.5"`.
    private static func quantity(_ fields: LineFields) throws(Mistake) -> Int64 {
        guard let value = fields["quantity"] else { return SaleLine.unit }
        if let units = value.integerValue, abs(units) <= quantityMax {
            return units * SaleLine.unit
        }
        let parts = (value.stringValue ?? "").utf8.split(
            separator: UInt8(ascii: "."),
            omittingEmptySubsequences: false
        )
        let fraction = parts.count == 2 ? Array(parts[1]) : []
        let isNumber = parts.allSatisfy { part in
            !part.isEmpty && part.allSatisfy { (0x30...0x39).contains($0) }
        }
        guard isNumber, (1...2).contains(parts.count), fraction.count <= 3,
            let whole = Int64(String(decoding: Array(parts[0]), as: UTF8.self)),
            whole <= quantityMax
        else {
            throw fields.mistake("quantity", "write units: 2, or \"1.5\" with up to 3 decimals")
        }
        let digits = fraction + [UInt8](repeating: 0x30, count: 3 - fraction.count)
        return whole * SaleLine.unit + digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    /// Most units of a line.
    ///
    /// Source: our own bound; grams of a pallet.
    private static let quantityMax: Int64 = 1_000_000

    private static func redemption(_ value: CanonicalJSON) throws(Mistake) -> Redemption {
        let fields = try LineFields(
            value,
            called: "a wish to redeem",
            names: ["reward", "count", "points"]
        )
        let takesAll = fields["count"] == "all"
        let chosen = fields["points"] == "all" ? nil : try fields.whole("points")
        return Redemption(
            try fields.required(try fields.text("reward"), "reward"),
            count: takesAll ? nil : try fields.whole("count") ?? 1,
            amount: chosen
        )
    }

    private func refund() throws(Mistake) -> ReplayRefund {
        var lines: [ReturnedArticle] = []
        for value in try fields.list("lines") {
            let line = try LineFields(
                value,
                called: "a returned line",
                names: Self.lineNames
            )
            let sku = try line.required(try line.text("sku"), "sku")
            let quantity = try Self.quantity(line)
            guard quantity > 0
            else { throw line.mistake("quantity", "write how much came back, above 0") }
            lines.append(ReturnedArticle(sku, quantity))
        }
        let amount = try fields.whole("amount")
        guard amount == nil || lines.isEmpty
        else { throw fields.mistake("amount", "write amount or lines, not both") }
        return ReplayRefund(
            original: try fields.required(try fields.text("of"), "of"),
            store: try fields.text("store") ?? "",
            amount: amount,
            lines: lines
        )
    }
}

extension SaleKey {
    /// The chance of a sale whose line names none: the same one each time the file is replayed.
    ///
    /// Source: FNV-1a (RFC 9923) of the key, spread by the finaliser of SplitMix64.
    var luck: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
        return hash ^ (hash >> 31)
    }
}
