import LoyaltyCore
import ScanCodec

/// A manager of the store, whose one-time code allows a compensation.
///
/// It has no description, so that its secret cannot slip into a log.
public struct Manager: Sendable {
    /// The manager's name in the configuration and in the entries, an identifier.
    public let id: String
    let codes: TOTP

    /// Creates a manager, or nil if the secret is too short for one-time codes.
    public init?(id: String, secret: [UInt8]) {
        guard let codes = TOTP(key: secret) else { return nil }
        self.id = id
        self.codes = codes
    }
}

/// Why a manager's code does not allow what it was typed for.
///
/// The raw value is the stable name in the API.
public enum ApprovalRefusal: String, CaseIterable, Error, Sendable {
    /// The store's configuration names no manager.
    case noManager = "no-manager"
    /// Nobody knows what time it is at the store.
    case clockUnknown = "clock-unknown"
    /// Too many wrong codes were typed within the last minute; this one was not looked at.
    case tooManyTries = "too-many-tries"
    /// It is no manager's code now.
    case codeWrong = "code-wrong"
    /// It allowed something before.
    case codeUsed = "code-used"
}

extension ApprovalRefusal: CustomStringConvertible {
    /// What is wrong and what to do.
    public var description: String {
        switch self {
        case .noManager:
            "the store has no manager with a code: make a secret with 'stampctl manager secret' and"
                + " name it under 'managers' in stampd.yaml"
        case .clockUnknown:
            "the store's clock is not known, so no code can be checked: connect the store, or set"
                + " its clock"
        case .tooManyTries: "too many wrong codes: wait a minute, then type the code once more"
        case .codeWrong:
            "this is no manager's code now: type the eight digits that the app shows; if they are"
                + " right, look at the clocks of the phone and of the store"
        case .codeUsed: "a code is good once: wait for the next, at most 30 seconds"
        }
    }
}

/// Checks managers' codes and slows down whoever guesses; time comes in with each code.
struct ManagerCodes: Sendable {
    private let managers: [Manager]
    /// When the last wrong codes were typed, oldest first.
    private var wrongAt: [Duration] = []

    /// Wrong codes within `tryPeriod` after which none is looked at.
    ///
    /// Source: RFC 4226 section 7.3, which asks for a small bound; five a minute against three
    /// codes of eight digits guess one in 4,600 days with one manager.
    static let wrongCountMax = 5
    /// How long a wrong code counts.
    ///
    /// Source: our own bound; two codes' time, so that a slow hand is not shut out for long.
    static let tryPeriod: Duration = .seconds(60)

    init(_ managers: [Manager]) {
        self.managers = managers
    }

    /// Checks a code; whether it was used before is the ledger's to say.
    ///
    /// - Parameters:
    ///   - code: What was typed.
    ///   - reading: What the store's clocks say.
    ///   - uptime: Now, on a clock that never goes back.
    /// - Returns: Whose code it is, and which.
    /// - Throws: `ApprovalRefusal`.
    mutating func approve(
        _ code: String,
        at reading: ClockReading,
        uptime: Duration
    ) throws(ApprovalRefusal) -> Approval {
        guard !managers.isEmpty else { throw .noManager }
        guard reading.quality != .floor else { throw .clockUnknown }
        wrongAt.removeAll { uptime - $0 >= Self.tryPeriod }
        guard wrongAt.count < Self.wrongCountMax else { throw .tooManyTries }
        var found: Approval?
        // All of them are asked, so that the time it takes tells nothing of whose code it is.
        for manager in managers {
            let step = manager.codes.step(of: code, at: reading.wall)
            found = found ?? step.map { Approval(manager: manager.id, step: $0) }
        }
        guard let found else {
            wrongAt.append(uptime)
            throw .codeWrong
        }
        return found
    }
}
