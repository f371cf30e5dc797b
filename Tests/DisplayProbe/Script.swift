import LoyaltyCore
import StampAgent

/// Reads views and states from a test's script, in the form of the event stream.
///
/// What a script leaves out has a usual value.
enum Script {
    /// What a script got wrong.
    struct Mistake: Error {
        let field: String
    }

    static func view(_ json: CanonicalJSON) throws -> TillView {
        TillView(
            till: json["till"]?.stringValue ?? "1",
            number: json["number"]?.integerValue ?? 0,
            phase: try phase(json),
            member: try json["member"].flatMap(member),
            earned: try (json["earned"]?.arrayValue ?? []).map(posting),
            derivation: try (json["derivation"]?.arrayValue ?? []).map(step),
            entry: json["entry"]?.integerValue,
            isRepeat: json["isRepeat"]?.boolValue ?? false,
            amount: json["amount"]?.integerValue,
            offers: try (json["offers"]?.arrayValue ?? []).map(offer),
            chosen: (json["chosen"]?.arrayValue ?? []).map(wish),
            redeemed: (json["redeemed"]?.arrayValue ?? []).map(redeemed),
            due: json["due"]?.integerValue,
            dropped: (json["dropped"]?.arrayValue ?? []).map {
                DroppedReward(
                    $0["reward"]?.stringValue ?? "",
                    reason: $0["reason"]?.stringValue ?? ""
                )
            },
            at: WallTime(unixMs: json["at"]?.integerValue ?? 1_795_329_120_000)
        )
    }

    static func status(_ json: CanonicalJSON) throws -> AgentStatus {
        AgentStatus(
            version: json["version"]?.stringValue ?? "probe",
            store: json["store"]?.stringValue ?? "永康店",
            device: "00000000-0000-7000-8000-000000000000",
            programme: ProgrammeReference(name: "probe", version: 1, digest: "0"),
            scanners: (json["scanners"]?.arrayValue ?? []).map { scanner in
                ScannerStatus(
                    identity: "0c2e:0200",
                    label: "scanner",
                    transport: "keyboard",
                    till: scanner["till"]?.stringValue ?? "1",
                    isAttached: scanner["isAttached"]?.boolValue ?? true
                )
            },
            queue: QueueStatus(
                pendingCount: json["pendingCount"]?.integerValue ?? 0,
                oldestAgeSeconds: json["oldestAgeSeconds"]?.integerValue,
                headSequence: 140,
                receivedSequence: 8
            ),
            hq: HQStatus(url: nil, isOnline: json["isOnline"]?.boolValue),
            clock: .ntp,
            freeByteCount: 1_000_000_000,
            advice: (json["advice"]?.arrayValue ?? []).map {
                Advice(code: $0["code"]?.stringValue ?? "", text: $0["text"]?.stringValue ?? "")
            }
        )
    }

    private static func phase(_ json: CanonicalJSON) throws -> TillView.Phase {
        let code = json["code"]?.stringValue ?? ""
        switch json["phase"]?.stringValue {
        case "idle": return .idle
        case "member-attached": return .memberAttached
        case "concealed": return .concealed
        case "waiting-for-member": return .waitingForMember
        case "waiting-for-left-half": return .waitingForLeftHalf
        case "award": return .award
        case "voided": return .voided(entry: json["entry"]?.integerValue ?? 0)
        case "refunded":
            let entry = json["entry"]?.integerValue ?? 0
            let moved = try (json["earned"]?.arrayValue ?? []).map(posting)
            return .refunded(moved, entry: entry, of: entry - 1)
        case "refused": return .refused(code: code, detail: try detail(json["detail"] ?? [:]))
        case "not-recorded": return .notRecorded(code: code)
        default: throw Mistake(field: "phase")
        }
    }

    private static func detail(_ json: CanonicalJSON) throws -> [String: String] {
        guard case .object(let members) = json else { throw Mistake(field: "detail") }
        return Dictionary(
            uniqueKeysWithValues: members.map { ($0.name, $0.value.stringValue ?? "") }
        )
    }

    private static func member(_ json: CanonicalJSON) throws -> MemberView? {
        guard json != .null, let number = MemberNumber(value: 12_345) else { return nil }
        return MemberView(
            number: number,
            maskedName: json["name"]?.stringValue,
            isBlocked: false,
            cards: try (json["cards"]?.arrayValue ?? []).map(card),
            points: json["points"]?.integerValue ?? 0
        )
    }

    private static func card(_ json: CanonicalJSON) throws -> CardView {
        guard let id = json["id"]?.stringValue, let size = json["size"]?.integerValue
        else { throw Mistake(field: "card") }
        return CardView(
            card: StampCard(
                id: id,
                title: text(json["title"], or: "拿鐵集點卡", "Latte card"),
                reward: text(json["reward"], or: "一杯拿鐵", "a latte"),
                size: size,
                stampsPerVisit: 1,
                needsSale: false,
                doubleGrantGuard: .businessDay
            ),
            stamps: json["stamps"]?.integerValue ?? 0
        )
    }

    private static func text(
        _ json: CanonicalJSON?,
        or zhHant: String,
        _ en: String
    ) -> LocalText {
        LocalText(
            zhHant: json?["zh-Hant"]?.stringValue ?? zhHant,
            en: json?["en"]?.stringValue ?? en
        )
    }

    private static func offer(_ json: CanonicalJSON) throws -> RewardOffer {
        guard let id = json["reward"]?.stringValue else { throw Mistake(field: "offers") }
        let units = json["pointsMax"]?.integerValue
        let reward = Reward(
            id: id,
            title: text(json["title"], or: "手工餅乾", "a cookie"),
            benefit: units == nil ? .handOver : .pays(.one),
            cost: json["cost"]?.integerValue.map { Reward.Cost($0, .points) }
        )
        return RewardOffer(
            reward,
            countMax: json["countMax"]?.integerValue ?? 1,
            unitsMax: units,
            needsBill: json["needsBill"]?.boolValue ?? (units != nil)
        )
    }

    private static func wish(_ json: CanonicalJSON) -> Redemption {
        Redemption(
            json["reward"]?.stringValue ?? "",
            count: json["count"]?.integerValue,
            amount: json["points"]?.integerValue
        )
    }

    private static func redeemed(_ json: CanonicalJSON) -> RedeemedReward {
        RedeemedReward(
            json["reward"]?.stringValue ?? "",
            count: json["count"]?.integerValue ?? 1,
            cost: json["cost"]?.integerValue ?? 1,
            value: json["value"]?.integerValue ?? 0
        )
    }

    private static func posting(_ json: CanonicalJSON) throws -> Posting {
        guard let asset = json["asset"]?.stringValue.flatMap(Asset.init(name:)),
            let amount = json["amount"]?.integerValue
        else { throw Mistake(field: "earned") }
        return Posting(asset, .never, amount)
    }

    private static func step(_ json: CanonicalJSON) throws -> DerivationStep {
        func number(_ name: String) -> Int64 { json[name]?.integerValue ?? 0 }
        let card = json["card"]?.stringValue ?? ""
        switch json["step"]?.stringValue {
        case "visit-stamped": return .visitStamped(card: card, stamps: number("stamps"))
        case "visit-guarded":
            let hours = json["guard"]?.integerValue
            return .visitGuarded(card: card, guard: hours.map { .hours($0) } ?? .businessDay)
        case "amount-earned":
            return .amountEarned(
                rule: "base",
                amount: number("amount"),
                per: number("per"),
                give: number("give"),
                points: number("points")
            )
        case "amount-too-small":
            return .amountTooSmall(rule: "base", amount: number("amount"), per: number("per"))
        default: throw Mistake(field: "derivation")
        }
    }
}
