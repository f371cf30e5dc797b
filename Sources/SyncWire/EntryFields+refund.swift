import LoyaltyCore

extension EntryFields {
    /// Reads a refund.
    func refund() throws(EntryLineError) -> RefundFact {
        let inputs = EntryFields(json["in"] ?? .null)
        guard let refund = SaleKey(try string("refund")) else { throw .malformed(field: "refund") }
        guard let date = BusinessDate(try inputs.string("date"))
        else { throw .malformed(field: "date") }
        return RefundFact(
            refund: refund,
            member: try member(),
            key: try saleKey(),
            sequence: try integer("refunds", 1...Int64.max),
            epoch: json["refundsEpoch"] == nil ? nil : try epoch("refundsEpoch"),
            programme: try programme(),
            till: try inputs.string("till"),
            businessDate: date,
            amount: try inputs.integer("amount", 0...Int64.max),
            settled: try inputs.integer("settled", 0...Int64.max),
            lines: try inputs.returnedLines(),
            before: try inputs.before(),
            reads: try inputs.reads(),
            moved: try amounts("moved"),
            postings: try postings("post"),
            tallies: json["count"] == nil ? [] : try tallies("count")
        )
    }

    private func before() throws(EntryLineError) -> Refunded {
        guard let value = json["before"] else { return Refunded() }
        let fields = EntryFields(value)
        return Refunded(
            amount: try fields.integer("amount", 0...Int64.max),
            lines: try fields.returnedLines(),
            moved: value["moved"] == nil ? [] : try fields.amounts("moved"),
            counts: value["count"] == nil ? [] : try fields.tallies("count")
        )
    }

    /// How much of which lines came back; each line once, none of it nothing.
    private func returnedLines() throws(EntryLineError) -> [ReturnedLine] {
        var lines: [ReturnedLine] = []
        for value in try array("lines", most: SaleDetails.lineCountMax) {
            guard let parts = value.arrayValue, parts.count == 2,
                let index = parts[0].integerValue, let quantity = parts[1].integerValue,
                (0..<Int64(SaleDetails.lineCountMax)).contains(index), quantity > 0,
                !lines.contains(where: { $0.index == index })
            else { throw .malformed(field: "lines") }
            lines.append(ReturnedLine(Int(index), quantity))
        }
        return lines
    }

    /// Amounts of assets; of each asset at most one above and one below zero.
    private func amounts(_ name: String) throws(EntryLineError) -> [AssetAmount] {
        guard let values = json[name]?.arrayValue else { throw .malformed(field: name) }
        var amounts: [AssetAmount] = []
        for value in values {
            guard let parts = value.arrayValue, parts.count == 2,
                let asset = parts[0].stringValue.flatMap(Asset.init(name:)),
                let amount = parts[1].integerValue, amount != 0,
                !amounts.contains(where: {
                    $0.asset == asset && ($0.amount < 0) == (amount < 0)
                })
            else { throw .malformed(field: name) }
            amounts.append(AssetAmount(asset, amount))
        }
        return amounts
    }
}
