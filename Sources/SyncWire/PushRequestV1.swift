/// A device's push of one batch as an HTTP request, version 1.
///
/// Both ends build the signed parts here, so that they cannot disagree.
public struct PushRequestV1: Hashable, Sendable {
    /// The request's path.
    public let path: String
    /// The header fields to send beside `Host` and `Content-Length`, names in lower case.
    public let fields: [SignableRequest.Component]
    /// The content as it travels.
    public let content: [UInt8]
    /// The content's coding: `Gzip.name` or `DeltaCoding.name`.
    public let encoding: String

    /// The request's method.
    public static let method = "POST"
    /// The media type of a batch.
    public static let mediaType = "application/x-ndjson"

    /// Makes the request for a batch, compressed and signed.
    ///
    /// - Parameters:
    ///   - batch: What to push.
    ///   - authority: HQ's host, and port unless it is the scheme's own, as `Host` will have it.
    ///   - createdS: Now by HQ's clock, in POSIX seconds.
    ///   - nonce: A random text of 1 to 64 characters; each attempt needs its own.
    ///   - key: The device's key.
    ///   - coding: How HQ can read a small batch, if it said that it can; anything else is gzip.
    public init(
        _ batch: BatchV1,
        authority: String,
        createdS: Int64,
        nonce: String,
        signedBy key: SigningKey,
        coding: DeltaCoding? = nil
    ) {
        path = Self.path(of: batch.header.device)
        let delta = coding?.content(of: batch)
        content = delta ?? Gzip.compress(batch.bytes)
        encoding = delta == nil ? Gzip.name : DeltaCoding.name
        let covered = Self.covered(
            digest: ContentDigest.value(of: content),
            epoch: String(batch.header.epoch),
            first: String(batch.header.first),
            count: String(batch.header.count)
        )
        let signature = RequestSignature(
            of: SignableRequest(
                method: Self.method,
                authority: authority,
                path: path,
                query: nil,
                fields: covered
            ),
            createdS: createdS,
            nonce: nonce,
            signedBy: key
        )
        fields =
            covered + [
                .init("content-type", Self.mediaType),
                .init("content-encoding", encoding),
                .init(RequestSignature.inputFieldName, signature.inputValue),
                .init(RequestSignature.fieldName, signature.value),
            ]
    }

    /// Where a device pushes its log.
    public static func path(of device: DeviceID) -> String {
        "/v1/devices/\(device.text)/log"
    }

    /// The fields that a push's signature covers, in their order.
    public static func covered(
        digest: String,
        epoch: String,
        first: String,
        count: String
    ) -> [SignableRequest.Component] {
        [
            .init(ContentDigest.fieldName, digest),
            .init("log-epoch", epoch),
            .init("log-first", first),
            .init("log-count", count),
        ]
    }
}
