public import LoyaltyCore

/// What can be wrong with a request, as both ends name it (RFC 9457 `type`).
public enum ProblemType: String, CaseIterable, Sendable {
    /// The request is not what the protocol describes.
    case badRequest = "bad-request"
    /// The request is not signed by the device's key, or was sent before.
    case signatureInvalid = "signature-invalid"
    /// The signature was made too long ago or in the future; `serverMs` tells HQ's time.
    case clockSkew = "clock-skew"
    /// The administrator's token is missing or wrong.
    case tokenInvalid = "token-invalid"
    /// HQ no longer trusts the device.
    case deviceRevoked = "device-revoked"
    /// HQ has stopped the device for a while.
    case deviceSuspended = "device-suspended"
    /// HQ does not know the device.
    case deviceUnknown = "device-unknown"
    /// No enrolment code is spelled like this one.
    case enrolmentInvalid = "enrolment-invalid"
    /// Another device was let in with the enrolment code.
    case enrolmentUsed = "enrolment-used"
    /// The enrolment code's life is over.
    case enrolmentExpired = "enrolment-expired"
    /// The enrolment code was tried wrongly too often.
    case enrolmentExhausted = "enrolment-exhausted"
    /// There is nothing at this address.
    case notFound = "not-found"
    /// The address has other methods; `Allow` names them.
    case methodNotAllowed = "method-not-allowed"
    /// The batch begins after the entry that HQ expects: `expected`, `h`.
    case logGap = "log-gap"
    /// The device signed another history than HQ holds: `seq`, `h`.
    case logFork = "log-fork"
    /// The device's log ends before what HQ received: `received`, `h`.
    case logRegressed = "log-regressed"
    /// The log's epoch is over: `epoch`.
    case epochOld = "epoch-old"
    /// The log's epoch is not the one that was authorised: `epoch`.
    case epochChanged = "epoch-changed"
    /// The cursor lies in the future.
    case cursorAhead = "cursor-ahead"
    /// The cursor is too old; fetch a snapshot.
    case cursorExpired = "cursor-expired"
    /// The log's begin was deleted: `firstAvailable`.
    case logPruned = "log-pruned"
    /// The batch has too many entries or bytes, compressed or not: `max`, `entryMax`.
    case batchTooLarge = "batch-too-large"
    /// The body has an encoding or type that HQ does not read.
    case encoding = "encoding"
    /// Chain, count, digest or checkpoint do not fit: `index`.
    case chainInvalid = "chain-invalid"
    /// The request must name a condition.
    case conditionMissing = "condition-missing"
    /// The device sends too much; `Retry-After` tells when to go on.
    case tooManyRequests = "too-many-requests"
    /// HQ failed for a reason of its own.
    case hqFailed = "hq-failed"
    /// HQ is busy or restarting; `Retry-After` tells when to go on.
    case hqUnavailable = "hq-unavailable"
    /// HQ's disk is full.
    case hqStorageFull = "hq-storage-full"

    /// What every type's URI begins with; it names, nobody fetches it.
    public static let uriPrefix = "urn:stampd:problem:"

    /// The URI on the wire.
    public var uri: String { Self.uriPrefix + rawValue }

    /// Reads a URI, or gives nil for a type of someone else.
    public init?(uri: String) {
        guard uri.hasPrefix(Self.uriPrefix) else { return nil }
        self.init(rawValue: String(uri.dropFirst(Self.uriPrefix.count)))
    }

    /// The HTTP status it comes with (RFC 9110 section 15, RFC 4918 section 11.5).
    public var status: Int {
        switch self {
        case .badRequest: 400
        case .signatureInvalid, .clockSkew, .tokenInvalid: 401
        case .deviceRevoked, .deviceSuspended, .enrolmentInvalid, .enrolmentExhausted: 403
        case .deviceUnknown, .notFound: 404
        case .methodNotAllowed: 405
        case .logGap, .logFork, .logRegressed, .epochOld, .epochChanged, .cursorAhead,
            .enrolmentUsed:
            409
        case .cursorExpired, .logPruned, .enrolmentExpired: 410
        case .batchTooLarge: 413
        case .encoding: 415
        case .chainInvalid: 422
        case .conditionMissing: 428
        case .tooManyRequests: 429
        case .hqFailed: 500
        case .hqUnavailable: 503
        case .hqStorageFull: 507
        }
    }

    /// A short English summary, the same for every occurrence (RFC 9457 section 3.1.3).
    public var title: String {
        switch self {
        case .badRequest: "The request is malformed"
        case .signatureInvalid: "The request's signature is not valid"
        case .clockSkew: "The request was signed at a wrong time"
        case .tokenInvalid: "The administrator's token is missing or wrong"
        case .deviceRevoked: "The device is revoked"
        case .deviceSuspended: "The device is suspended"
        case .deviceUnknown: "The device is not known"
        case .enrolmentInvalid: "The enrolment code is wrong"
        case .enrolmentUsed: "The enrolment code was used"
        case .enrolmentExpired: "The enrolment code is too old"
        case .enrolmentExhausted: "The enrolment code was tried too often"
        case .notFound: "There is nothing here"
        case .methodNotAllowed: "The method is not allowed here"
        case .logGap: "Entries before the batch are missing"
        case .logFork: "The log differs from what HQ holds"
        case .logRegressed: "The device's log went back"
        case .epochOld: "The log's epoch is over"
        case .epochChanged: "The log's epoch is not authorised"
        case .cursorAhead: "The cursor lies in the future"
        case .cursorExpired: "The cursor is too old"
        case .logPruned: "The log's begin was deleted"
        case .batchTooLarge: "The batch is too large"
        case .encoding: "The body's encoding is not supported"
        case .chainInvalid: "The batch does not hold together"
        case .conditionMissing: "The request must be conditional"
        case .tooManyRequests: "Too many requests"
        case .hqFailed: "HQ failed"
        case .hqUnavailable: "HQ is not ready"
        case .hqStorageFull: "HQ's disk is full"
        }
    }
}

/// A problem as HQ answers it: RFC 9457, `application/problem+json`.
public struct Problem: Hashable, Sendable, Error {
    /// What it is.
    public let type: ProblemType
    /// What happened this time, and what to do.
    public let detail: String
    /// Members of this type, such as `expected`.
    public let extras: [CanonicalJSON.Member]

    /// The media type of a problem.
    public static let mediaType = "application/problem+json"

    /// Most bytes of a problem.
    ///
    /// Source: our own bound; one has some 300.
    public static let byteCountMax = 16_384

    /// Creates a problem.
    public init(_ type: ProblemType, _ detail: String, extras: [CanonicalJSON.Member] = []) {
        self.type = type
        self.detail = detail
        self.extras = extras
    }

    /// Reads a problem, or gives nil for anything that is not one of ours, such as a proxy's page.
    public init?(parsing bytes: [UInt8]) {
        guard bytes.count <= Self.byteCountMax else { return nil }
        let json: CanonicalJSON
        do throws(CanonicalJSONError) {
            json = try CanonicalJSON(parsing: bytes)
        } catch {
            return nil
        }
        guard case .object(let members) = json,
            let type = json["type"]?.stringValue.flatMap(ProblemType.init(uri:))
        else { return nil }
        let ours: Set = ["type", "title", "status", "detail"]
        self.init(
            type,
            json["detail"]?.stringValue ?? "",
            extras: members.filter { !ours.contains($0.name) }
        )
    }

    /// The problem's bytes.
    public var bytes: [UInt8] {
        CanonicalJSON.object(
            [
                .init("type", .string(type.uri)),
                .init("title", .string(type.title)),
                .init("status", .integer(Int64(type.status))),
                .init("detail", .string(detail)),
            ] + extras
        ).bytes
    }

    /// The value of an extra member, or nil if there is none.
    public subscript(name: String) -> CanonicalJSON? {
        extras.first { $0.name == name }?.value
    }
}

extension Problem: CustomStringConvertible {
    /// The problem's type and detail.
    public var description: String { "\(type.rawValue): \(detail)" }
}
