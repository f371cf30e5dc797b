/// A device's question to HQ as an HTTP request, version 1: signed like a push, without a body.
///
/// Both ends build the signed parts here, so that they cannot disagree.
public struct DownRequestV1: Hashable, Sendable {
    /// The request's path.
    public let path: String
    /// What follows the `?`, or nil.
    public let query: String?
    /// The header fields to send beside `Host`, names in lower case.
    public let fields: [SignableRequest.Component]

    /// The request's method.
    public static let method = "GET"
    /// The field that names the device which asks.
    public static let deviceFieldName = "device-id"

    /// Makes a signed request.
    ///
    /// - Parameters:
    ///   - path: What is asked for.
    ///   - query: What follows the `?`, or nil.
    ///   - device: Who asks.
    ///   - extras: Fields that need no signature, such as `Range`.
    ///   - authority: HQ's host, and port unless it is the scheme's own, as `Host` will have it.
    ///   - createdS: Now by HQ's clock, in POSIX seconds.
    ///   - nonce: A random text of 1 to 64 characters; each attempt needs its own.
    ///   - key: The device's key.
    public init(
        _ path: String,
        query: String? = nil,
        from device: DeviceID,
        extras: [SignableRequest.Component] = [],
        authority: String,
        createdS: Int64,
        nonce: String,
        signedBy key: SigningKey
    ) {
        self.path = path
        self.query = query
        let covered = Self.covered(device: device.text)
        let signature = RequestSignature(
            of: SignableRequest(
                method: Self.method,
                authority: authority,
                path: path,
                query: query,
                fields: covered
            ),
            createdS: createdS,
            nonce: nonce,
            signedBy: key
        )
        fields =
            covered + extras + [
                .init(RequestSignature.inputFieldName, signature.inputValue),
                .init(RequestSignature.fieldName, signature.value),
            ]
    }

    /// The fields that such a request's signature covers, in their order.
    public static func covered(device: String) -> [SignableRequest.Component] {
        [.init(deviceFieldName, device)]
    }

    /// The address after HQ's base URL.
    public var target: String { path + (query.map { "?\($0)" } ?? "") }
}
