public import LoyaltyCore

/// Why something is no announcement, no ticket list or no proof of a draw, or why they do not fit.
public enum DrawError: Error, Equatable {
    /// The file is not JSON of ours.
    case notJSON(CanonicalJSONError)
    /// The file is larger than any of its kind.
    case tooLarge(byteCountMax: Int)
    /// A field is missing, or is not what docs/protocol.md says of it.
    case malformed(field: String)
    /// A later version wrote it.
    case unknownVersion(Int64)
    /// The file says what it says in another than the one way to write it.
    case notCanonical
    /// The announcement is not the one that was published.
    case otherAnnouncement
    /// The seed is not the one that the announcement is bound to.
    case otherSeed
    /// The announcement names a public source, and its value is missing, or the other way round.
    case publicValue(isWanted: Bool)
    /// A line of the ticket list, counted from 1, is no line.
    case ticketLine(Int)
    /// A line of the ticket list, counted from 1, does not come after the one before.
    case ticketOrder(Int)
    /// The ticket list is another one than was drawn from.
    case otherTickets(sha256: String, drawn: String)
    /// The proof counts the lines or the tickets of its list wrongly.
    case ticketCount(field: String, found: Int64, told: Int64)
    /// The seed and the list give other winners; the first wrong one, counted from 1.
    case winner(Int)
    /// The seed and the list give more winners or fewer.
    case winnerCount(found: Int, told: Int)
    /// No line of the ticket list belongs to the member and the secret.
    case noEntry
}

extension DrawError: CustomStringConvertible {
    /// What is wrong, for whoever checks a draw.
    public var description: String {
        switch self {
        case .notJSON(let error): "it is not JSON as these files are written: \(error)"
        case .tooLarge(let max): "it has more than \(max) bytes, so it is no file of a draw"
        case .malformed(let field):
            "'\(field)' is missing or not what docs/protocol.md describes"
        case .unknownVersion(let version):
            "it has version \(version): take a newer stampctl"
        case .notCanonical:
            "it is written in another way than this program writes it: take the file as it was"
                + " published"
        case .otherAnnouncement: "the draw was run under another announcement than the one given"
        case .otherSeed:
            "the seed was changed after the announcement: its SHA-256 is not the commitment"
        case .publicValue(let isWanted):
            isWanted
                ? "the announcement names a public source, but the proof has no value of it"
                : "the proof has a public value, but the announcement names no source of one"
        case .ticketLine(let number):
            "line \(number) of the ticket list is not a name of 32 hexadecimal digits, a space and"
                + " a count"
        case .ticketOrder(let number):
            "line \(number) of the ticket list does not come after the line before it"
        case .otherTickets(let sha256, let drawn):
            "the ticket list is another one than was drawn from: its SHA-256 is \(sha256), not"
                + " \(drawn)"
        case .ticketCount(let field, let found, let told):
            "the list has \(found) \(field), and the proof says \(told)"
        case .winner(let number):
            "winner \(number) is not the one that the seed and the list give"
        case .winnerCount(let found, let told):
            "the seed and the list give \(found) winners, and the proof names \(told)"
        case .noEntry:
            "the ticket list has no line of this member and secret: read both again, and ask HQ"
        }
    }
}
