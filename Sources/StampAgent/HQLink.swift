public import SyncWire

/// HQ's reply, as bytes.
public struct PushReply: Equatable, Sendable {
    /// The HTTP status.
    public let status: Int
    /// The reply's media type, lower case, without parameters.
    public let mediaType: String
    /// Seconds that HQ asks to wait, from `Retry-After`.
    public let retryAfterS: Int64?
    /// How far a relay holds the log, from `Log-Head-Seq`; nil from HQ itself.
    public let keptSequence: Int64?
    /// Whether its sender reads `DeltaCoding`, from `Accept-Encoding` (RFC 9110 section 12.5.3).
    public let takesDelta: Bool
    /// The content, of at most as many bytes as was asked for.
    public let content: [UInt8]

    /// Creates a reply.
    public init(
        status: Int,
        mediaType: String,
        retryAfterS: Int64?,
        keptSequence: Int64? = nil,
        takesDelta: Bool = false,
        content: [UInt8]
    ) {
        self.keptSequence = keptSequence
        self.takesDelta = takesDelta
        self.status = status
        self.mediaType = mediaType
        self.retryAfterS = retryAfterS
        self.content = content
    }
}

/// Where a batch goes: the only seam between the sync loop and the network.
public protocol HQLink: Sendable {
    /// HQ's host, and port unless it is the scheme's own, as in the `Host` field.
    var authority: String { get }

    /// Sends a push.
    ///
    /// - Returns: Whatever answered, HQ or not.
    /// - Throws: Any error: nobody answered, or not to the end; the batch is then sent again later.
    func push(_ request: PushRequestV1) async throws -> PushReply
}

/// Where questions go about what HQ sends down: the seam between `DownService` and the network.
public protocol DownLink: Sendable {
    /// HQ's host, and port unless it is the scheme's own, as in the `Host` field.
    var authority: String { get }

    /// Sends a question.
    ///
    /// - Parameters:
    ///   - request: The question.
    ///   - byteCountMax: Most bytes of an answer.
    /// - Returns: Whatever answered, HQ or not.
    /// - Throws: Any error: nobody answered, or not to the end.
    func ask(_ request: DownRequestV1, byteCountMax: Int) async throws -> PushReply
}
