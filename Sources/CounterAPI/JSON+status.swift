import LoyaltyCore
import StampAgent

extension AgentStatus {
    /// The status for the pages and for tools.
    func json(programme edition: Programme) -> CanonicalJSON {
        [
            "version": .string(version),
            "store": .string(store),
            "device": .string(device),
            "programme": edition.json(digest: programme.digest, problem: programmeProblem),
            "scanners": .array(scanners.map(\.json)),
            "queue": [
                "pendingCount": .integer(queue.pendingCount),
                "oldestAgeSeconds": .optional(queue.oldestAgeSeconds),
                "headSequence": .integer(queue.headSequence),
                "receivedSequence": .integer(queue.receivedSequence),
            ],
            "hq": hq.json,
            "down": down.json,
            "clock": .string(clock.rawValue),
            "freeByteCount": .integer(freeByteCount),
            "ledgerProblem": .optional(ledgerProblem),
            "epoch": .integer(epoch),
            "isFrozen": .bool(!RedemptionFreeze.allowsRedemption(freeze)),
            "freeze": freeze.map {
                ["reason": .string($0.reason.name), "since": .integer($0.since.unixMs)]
            } ?? .null,
            "advice": .array(
                advice.map { ["code": .string($0.code), "text": .string($0.text)] }
            ),
        ]
    }
}

extension Programme {
    /// What a page shows of the programme before anyone is at the till.
    fileprivate func json(digest: String, problem: String?) -> CanonicalJSON {
        [
            "name": .string(name),
            "version": .integer(version),
            "digest": .string(digest),
            "problem": .optional(problem),
            "title": title.json,
            "currency": .string(currency),
            "utcOffsetMinutes": .integer(Int64(calendar.utcOffsetMinutes)),
            "cards": .array(cards.map { .object($0.shownMembers) }),
            "rewards": .array(rewards.map(\.json)),
            "tiers": .array(
                (tiers?.tiers ?? []).map { ["id": .string($0.id), "title": $0.title.json] }
            ),
        ]
    }
}

extension Reward {
    /// What a page shows of the reward, and the asset that it costs.
    fileprivate var json: CanonicalJSON {
        [
            "id": .string(id),
            "title": title.json,
            "costs": .optional(cost?.asset.name),
        ]
    }
}

extension ScannerStatus {
    fileprivate var json: CanonicalJSON {
        [
            "identity": .string(identity),
            "label": .string(label),
            "transport": .string(transport),
            "till": .string(till),
            "isAttached": .bool(isAttached),
            "problem": .optional(problem),
        ]
    }
}

extension HQStatus {
    fileprivate var json: CanonicalJSON {
        [
            "url": .optional(url),
            "isOnline": isOnline.map { .bool($0) } ?? .null,
            "lastAckAt": .optional(lastAckAt?.unixMs),
            "problem": .optional(problem),
            "retryInSeconds": .optional(retryInSeconds),
            "quarantinedCount": .integer(quarantinedCount),
        ]
    }
}

extension DownStatus {
    fileprivate var json: CanonicalJSON {
        [
            "place": .optional(place),
            "currentAt": .optional(currentAt?.unixMs),
            "loading": .optional(loading),
            "problem": .optional(problem),
            "alarm": .optional(alarm),
            "mismatchCount": .integer(mismatchCount),
        ]
    }
}

extension CanonicalJSON {
    /// A number, or `null` for nil.
    static func optional(_ value: Int64?) -> Self { value.map { .integer($0) } ?? .null }

    /// A text, or `null` for nil.
    static func optional(_ value: String?) -> Self { value.map { .string($0) } ?? .null }
}
