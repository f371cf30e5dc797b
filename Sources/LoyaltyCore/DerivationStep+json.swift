extension DerivationStep {
    /// The step with each number under its name, as answers carry it.
    public var canonicalJSON: CanonicalJSON {
        var members: [CanonicalJSON.Member] = [
            .init("step", .string(kind.rawValue)),
            .init(kind.subjectName, .string(subject)),
        ]
        if let asset, asset != impliedAsset { members.append(.init("asset", .string(asset.name))) }
        for (name, number) in zip(kind.numberNames, numbers) {
            let isGuard = kind == .visitGuarded
            let value =
                isGuard ? DoubleGrantGuard(hoursCode: number).answerJSON : .integer(number)
            members.append(.init(name, value))
        }
        return .object(members)
    }

    /// Reads what `canonicalJSON` wrote, or gives nil for anything else.
    public init?(canonicalJSON json: CanonicalJSON) {
        guard let kind = json["step"]?.stringValue.flatMap({ Kind(rawValue: $0) }),
            let subject = json[kind.subjectName]?.stringValue
        else { return nil }
        var numbers: [Int64] = []
        for name in kind.numberNames {
            guard let value = json[name],
                let number = value.integerValue ?? DoubleGrantGuard(value)?.hoursCode
            else { return nil }
            numbers.append(number)
        }
        let bare = Self(kind, subject, nil, numbers)
        let asset = json["asset"]?.stringValue.flatMap { Asset(name: $0) }
        self.init(kind, subject, asset ?? bare.impliedAsset, numbers)
    }

    /// The asset that goes without saying: the stamps of the card, or what the subject names.
    private var impliedAsset: Asset? {
        switch kind.subjectName {
        case "card" where kind != .cardCompleted && kind != .visitGuarded:
            .stamps(ofCard: subject)
        case "of": Asset(name: subject)
        default: nil
        }
    }
}

extension DoubleGrantGuard {
    /// `day`, `none`, or a number of hours.
    var answerJSON: CanonicalJSON {
        switch self {
        case .none: "none"
        case .businessDay: "day"
        case .hours(let hours): .integer(hours)
        }
    }

    fileprivate init?(_ json: CanonicalJSON) {
        switch json {
        case "none": self = .none
        case "day": self = .businessDay
        default: return nil
        }
    }
}
