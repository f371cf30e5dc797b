import Hummingbird
import LoyaltyCore

/// What can be wrong with a call, as the API's document names it (RFC 9457 `type`).
enum CounterProblemType: String, CaseIterable, Sendable {
    /// The body is not the JSON that the document describes.
    case badRequest = "bad-request"
    /// One member of the body, or one parameter, is missing or wrong: `field`.
    case fieldInvalid = "field-invalid"
    /// There is nothing at this address.
    case notFound = "not-found"
    /// The store has no such till.
    case tillUnknown = "till-unknown"
    /// The code names no member: `reason`.
    case memberUnknown = "member-unknown"
    /// The address exists, the method does not.
    case methodNotAllowed = "method-not-allowed"
    /// The body has more bytes than any call needs.
    case contentTooLarge = "content-too-large"
    /// The body is not declared as JSON.
    case mediaType = "media-type"
    /// The call is addressed to another host, as a rebound name does.
    case hostRefused = "host-refused"
    /// A page of another origin makes the call.
    case originRefused = "origin-refused"
    /// The call is only answered on the Unix socket.
    case socketOnly = "socket-only"
    /// The log's begin was deleted: `firstAvailable`.
    case logPruned = "log-pruned"
    /// The log ends before the place that was named: `head`.
    case cursorAhead = "cursor-ahead"
    /// What was handed in is no acknowledgement of this log by its HQ.
    case ackRefused = "ack-refused"
    /// The device's key cannot be changed as things are.
    case keyKept = "key-kept"
    /// No manager's code allows it: `reason`.
    case notApproved = "not-approved"
    /// The ledger does not record at present: `reason`.
    case notRecorded = "not-recorded"
    /// The agent failed for a reason of its own.
    case agentFailed = "agent-failed"

    /// What every type's URI begins with; it names, nobody fetches it.
    static let uriPrefix = "urn:stampd:problem:"

    /// The URI on the wire.
    var uri: String { Self.uriPrefix + rawValue }

    /// The HTTP status it comes with (RFC 9110 section 15).
    var status: HTTPResponse.Status {
        switch self {
        case .badRequest, .fieldInvalid: .badRequest
        case .notFound, .tillUnknown, .memberUnknown: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .contentTooLarge: .contentTooLarge
        case .mediaType: .unsupportedMediaType
        case .hostRefused: .misdirectedRequest
        case .originRefused, .socketOnly, .notApproved: .forbidden
        case .cursorAhead, .keyKept: .conflict
        case .logPruned: .gone
        case .ackRefused: .unprocessableContent
        case .notRecorded: .serviceUnavailable
        case .agentFailed: .internalServerError
        }
    }

    /// A short English summary, the same for every occurrence (RFC 9457 section 3.1.3).
    var title: String {
        switch self {
        case .badRequest: "The request is malformed"
        case .fieldInvalid: "A field is missing or wrong"
        case .notFound: "There is nothing here"
        case .tillUnknown: "The till is not known"
        case .memberUnknown: "The code names no member"
        case .methodNotAllowed: "The method is not allowed here"
        case .contentTooLarge: "The body is too large"
        case .mediaType: "The body must be JSON"
        case .hostRefused: "The request is for another host"
        case .originRefused: "The request comes from another origin"
        case .socketOnly: "Only the agent's socket answers this"
        case .logPruned: "The log's begin was deleted"
        case .cursorAhead: "The log ends before this place"
        case .ackRefused: "The acknowledgement was not taken"
        case .keyKept: "The key was not changed"
        case .notApproved: "No manager allowed it"
        case .notRecorded: "The sale was not recorded"
        case .agentFailed: "The agent failed"
        }
    }
}

/// A problem as the counter answers it: RFC 9457, `application/problem+json`.
struct CounterProblem: Error, Equatable {
    /// What it is.
    let type: CounterProblemType
    /// What happened this time, and what to do.
    let detail: String
    /// Members of this type, such as `field`.
    var extras: [CanonicalJSON.Member] = []
    /// The methods that the address has, for `methodNotAllowed`.
    var allowed: [HTTPRequest.Method] = []

    /// The media type of a problem.
    static let mediaType = "application/problem+json"

    /// How long a caller waits before it sends a sale again that was not recorded.
    ///
    /// Source: our own bound; an operator who frees room on the disk takes longer than this.
    static let retryAfterSeconds = 5

    init(_ type: CounterProblemType, _ detail: String, extras: [CanonicalJSON.Member] = []) {
        self.type = type
        self.detail = detail
        self.extras = extras
    }

    /// A field or parameter that is missing or wrong.
    static func field(_ name: String, _ detail: String) -> Self {
        Self(.fieldInvalid, "'\(name)' \(detail)", extras: [.init("field", .string(name))])
    }

    /// The problem's response.
    var response: Response {
        var headers: HTTPFields = [.contentType: Self.mediaType]
        if type == .notRecorded { headers[.retryAfter] = String(Self.retryAfterSeconds) }
        if type == .methodNotAllowed {
            headers[.allow] = allowed.map(\.rawValue).joined(separator: ", ")
        }
        let body = CanonicalJSON.object(
            [
                .init("type", .string(type.uri)),
                .init("title", .string(type.title)),
                .init("status", .integer(Int64(type.status.code))),
                .init("detail", .string(detail)),
            ] + extras
        )
        return Response(
            status: type.status,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body.bytes))
        )
    }
}
