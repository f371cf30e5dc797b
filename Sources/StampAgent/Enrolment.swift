public import LoyaltyCore
public import SyncWire

/// That HQ has let this device in, as the agent keeps it: one file, so that there is all of it or
/// none.
public struct Enrolment: Equatable, Sendable {
    /// HQ's base URL.
    public let url: String
    /// The PEM file with the certificates that vouch for HQ; nil for the system's.
    public let trustRootsPath: String?
    /// HQ's key, pinned: an acknowledgement counts only if this key signed it.
    public let hqKey: PublicKey
    /// HQ's signed word for the device, as it was written.
    public let statement: CanonicalJSON
    /// What the statement says of the store.
    public let store: String
    /// When HQ signed the statement: a time that has certainly passed.
    public let issuedAt: WallTime

    /// Creates an enrolment, or gives nil if HQ's key did not sign the statement.
    public init?(
        url: String,
        trustRootsPath: String?,
        hqKey: PublicKey,
        statement: CanonicalJSON
    ) {
        guard let signed = DeviceStatementV1(statement, signedBy: hqKey) else { return nil }
        self.url = url
        self.trustRootsPath = trustRootsPath
        self.hqKey = hqKey
        self.statement = statement
        store = signed.store
        issuedAt = WallTime(unixMs: signed.issuedAtMs)
    }

    /// The file's bytes.
    public var bytes: [UInt8] {
        CanonicalJSON.object([
            .init("v", 1),
            .init("url", .string(url)),
            .init("trustRoots", trustRootsPath.map(CanonicalJSON.string) ?? .null),
            .init("hqKey", .string(Base64.text(hqKey.bytes))),
            .init("statement", statement),
        ]).bytes
    }

    /// Reads the file's bytes, or gives nil for anything else.
    public init?(parsing bytes: [UInt8]) {
        let json: CanonicalJSON
        do throws(CanonicalJSONError) {
            json = try CanonicalJSON(parsing: bytes)
        } catch {
            return nil
        }
        guard json["v"]?.integerValue == 1, let url = json["url"]?.stringValue,
            let key = json["hqKey"]?.stringValue.flatMap({ Base64.bytes($0) }),
            let hqKey = PublicKey(key), let statement = json["statement"]
        else { return nil }
        self.init(
            url: url,
            trustRootsPath: json["trustRoots"]?.stringValue,
            hqKey: hqKey,
            statement: statement
        )
    }
}

/// Asks HQ to let this device in.
public struct Enroller: Sendable {
    /// HQ's key, to be kept, and its signed word for the device.
    public typealias Answer = (key: PublicKey, statement: CanonicalJSON)

    private let authority: String
    private let send: @Sendable (EnrolmentRequestV1) async throws -> PushReply

    /// Creates an enroller.
    ///
    /// - Parameters:
    ///   - authority: HQ's host, and port unless it is the scheme's own, as `Host` will have it.
    ///   - send: Sends a request and gives whatever answered.
    public init(
        authority: String,
        send: @escaping @Sendable (EnrolmentRequestV1) async throws -> PushReply
    ) {
        self.authority = authority
        self.send = send
    }

    /// Asks once; a clock that is off is corrected by HQ's, once.
    ///
    /// May be called again: HQ answers the same device's same code in the same way.
    ///
    /// - Parameters:
    ///   - wish: What the device says.
    ///   - key: The device's key.
    ///   - hqKey: HQ's key as its operator gave it; nil takes the one that answers.
    ///   - nowMs: The wall clock, in POSIX milliseconds.
    /// - Returns: HQ's key, to be kept, and its signed word for the device.
    /// - Throws: `EnrolmentFailure`; the device is not enrolled then, as far as it knows.
    public func enrol(
        _ wish: EnrolmentV1,
        signedBy key: SigningKey,
        expecting hqKey: PublicKey?,
        nowMs: Int64
    ) async throws(EnrolmentFailure) -> Answer {
        let reply = try await reply(to: wish, key, createdMs: nowMs)
        guard reply.status == 201, let answer = EnrolledV1(parsing: reply.content)
        else { throw EnrolmentFailure(reply) }
        do throws(EnrolledError) {
            let checked = try answer.checked(for: wish.identity, expecting: hqKey)
            return (checked.key, answer.statement)
        } catch {
            throw .answer(error)
        }
    }

    private func reply(
        to wish: EnrolmentV1,
        _ key: SigningKey,
        createdMs: Int64
    ) async throws(EnrolmentFailure) -> PushReply {
        let first = try await ask(wish, key, createdMs)
        guard case .problem(let skew) = EnrolmentFailure(first), skew.type == .clockSkew,
            let serverMs = skew["serverMs"]?.integerValue
        else { return first }
        return try await ask(wish, key, serverMs)
    }

    private func ask(
        _ wish: EnrolmentV1,
        _ key: SigningKey,
        _ createdMs: Int64
    ) async throws(EnrolmentFailure) -> PushReply {
        let request = EnrolmentRequestV1(
            wish,
            authority: authority,
            createdS: createdMs / 1_000,
            nonce: Hex.text((0..<16).map { _ in UInt8.random(in: .min ... .max) }),
            signedBy: key
        )
        do {
            return try await send(request)
        } catch {
            throw .unreachable("\(error)")
        }
    }
}

/// Why a device was not let in.
public enum EnrolmentFailure: Error, Equatable {
    /// HQ refused.
    case problem(Problem)
    /// HQ's answer cannot be taken.
    case answer(EnrolledError)
    /// Something answered that is not HQ.
    case notHQ(String)
    /// Nobody answered; HQ may have let the device in all the same.
    case unreachable(String)

    /// What a reply other than HQ's yes says.
    init(_ reply: PushReply) {
        if reply.mediaType == Problem.mediaType, let problem = Problem(parsing: reply.content) {
            self = .problem(problem)
        } else {
            self = .notHQ("HTTP status \(reply.status), \(reply.mediaType)")
        }
    }
}

extension EnrolmentFailure: CustomStringConvertible {
    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .problem(let problem): "\(problem)"
        case .answer(let error): "\(error)"
        case .notHQ(let detail):
            "something other than HQ answered (\(detail)): check the address, and look for a portal"
                + " or proxy on the line"
        case .unreachable(let detail):
            "HQ cannot be reached (\(detail)): check the address and the line, then run the same"
                + " command again; the code still holds"
        }
    }
}
