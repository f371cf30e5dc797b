import LoyaltyCore
import SyncWire

/// What an operator wants done with a member's rights.
struct RightsWish: Sendable {
    /// Whose.
    let member: MemberNumber
    /// To what.
    let asset: Asset
    /// How many.
    let amount: Int64
    /// Why, for the member's file and the device's log.
    let reason: String
    /// Who wants it.
    let byOperator: String
    /// On which device they are to be placed; nil leaves them with HQ.
    let target: Target?

    /// A device, or the store that has one.
    enum Target: Sendable {
        /// This device.
        case device(DeviceID)
        /// The one device of a store.
        case store(String)
    }

    /// Reads a wish.
    ///
    /// - Throws: `Problem`, which says what to give instead.
    init(_ json: CanonicalJSON) throws {
        guard let member = json["member"]?.stringValue.flatMap({ MemberNumber($0) })
        else { throw Problem(.badRequest, "A member's number has 14 digits.") }
        guard let asset = json["asset"]?.stringValue.flatMap(Asset.init(name:)) else {
            throw Problem(
                .badRequest,
                "Give an asset such as points, voucher/birthday, stamps/latte or pass/yoga."
            )
        }
        guard let amount = json["amount"]?.integerValue, (1...GrantFact.amountMax).contains(amount)
        else { throw Problem(.badRequest, "Give an amount of 1 to \(GrantFact.amountMax).") }
        guard let reason = json["reason"]?.stringValue, GrantFact.isReason(reason),
            let byOperator = json["by"]?.stringValue, GrantFact.isReason(byOperator)
        else {
            throw Problem(
                .badRequest,
                "Give a reason and who gives it, each in one line of 1 to"
                    + " \(GrantFact.reasonCharacterCountMax) characters."
            )
        }
        self.member = member
        self.asset = asset
        self.amount = amount
        self.reason = reason
        self.byOperator = byOperator
        target = try Self.target(json)
    }

    private static func target(_ json: CanonicalJSON) throws -> Target? {
        if let text = json["device"]?.stringValue {
            guard let device = DeviceID(text)
            else { throw Problem(.badRequest, "A device's id is a UUID of version 7.") }
            guard json["store"]?.stringValue == nil
            else { throw Problem(.badRequest, "Give a store or a device, not both.") }
            return .device(device)
        }
        return json["store"]?.stringValue.map(Target.store)
    }

    /// The bucket of new rights as an operator names it.
    ///
    /// - Parameters:
    ///   - json: With `from` and `through`, dates, or neither.
    ///   - today: What has ended before is refused.
    /// - Returns: The bucket.
    /// - Throws: `Problem`.
    func bucket(_ json: CanonicalJSON, today: BusinessDate) throws -> Bucket {
        func date(_ name: String) throws -> BusinessDate? {
            guard let text = json[name]?.stringValue else { return nil }
            guard let date = BusinessDate(text)
            else { throw Problem(.badRequest, "\(name) takes a date such as 2026-12-31.") }
            return date
        }
        let (first, last) = (try date("from"), try date("through"))
        if let last, last < max(first ?? today, today) {
            throw Problem(.badRequest, "Nobody could use it: give a later last date.")
        }
        guard last == nil || !asset.isPaidFor else {
            throw Problem(
                .badRequest,
                "\(asset.name) is paid for, and what is paid for must not expire: give no last"
                    + " date."
            )
        }
        return Bucket(from: first, through: last)
    }
}

/// What was placed, and where.
struct Placement: Sendable {
    let id: GrantID
    let device: DeviceID
    let postings: [Posting]
}

extension Placement {
    /// The placement as an operator's command is told it.
    var operatorJSON: CanonicalJSON {
        [
            "grant": .string(id.text),
            "device": .string(device.text),
            "amounts": .array(postings.map(\.operatorJSON)),
        ]
    }
}
