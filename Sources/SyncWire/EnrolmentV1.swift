public import LoyaltyCore

/// What a device says of itself when it asks HQ to be let in, version 1.
///
/// The device names itself: a store works before it is enrolled, and its log hangs from the
/// device's name, key and nonce. What it recorded until then is pushed like everything after.
public struct EnrolmentV1: Hashable, Sendable {
    /// The operator's code.
    public let code: EnrolmentCode
    /// Who the device is; its epoch is HQ's to say.
    public let identity: LogIdentity
    /// What it runs on.
    public let hardware: Hardware

    /// What a device runs on, for the operator's list.
    public struct Hardware: Hashable, Sendable {
        /// The machine's model, as its firmware names it.
        public let model: String
        /// The kernel and its release.
        public let kernel: String
        /// The agent's version.
        public let version: String

        /// Most characters of each.
        ///
        /// Source: our own bound; firmware has names of some 60.
        public static let characterCountMax = 100

        /// Creates facts; what is too long is cut.
        public init(model: String, kernel: String, version: String) {
            self.model = String(model.prefix(Self.characterCountMax))
            self.kernel = String(kernel.prefix(Self.characterCountMax))
            self.version = String(version.prefix(Self.characterCountMax))
        }

        /// The facts as the wire and HQ's database hold them.
        public var json: CanonicalJSON {
            [
                "model": .string(model), "kernel": .string(kernel), "version": .string(version),
            ]
        }
    }

    /// Most bytes of the content.
    ///
    /// Source: our own bound; there are some 500, and three facts of 100 characters.
    public static let byteCountMax = 4_096

    /// Creates what a device says of itself.
    public init(code: EnrolmentCode, identity: LogIdentity, hardware: Hardware) {
        self.code = code
        self.identity = identity
        self.hardware = hardware
    }

    /// The content as it is sent.
    public var bytes: [UInt8] {
        CanonicalJSON.object([
            .init("v", 1),
            .init("kind", "enrolment"),
            .init("code", .string(code.text)),
            .init("dev", .string(identity.device.text)),
            .init("publicKey", .string(Base64.text(identity.publicKey))),
            .init("nonce", .string(Base64.text(identity.nonce))),
            .init("hw", hardware.json),
        ]).bytes
    }

    /// Reads the content, or gives nil for anything else.
    ///
    /// The identity's epoch is 1: HQ says which one may push.
    public init?(parsing bytes: [UInt8]) {
        guard bytes.count <= Self.byteCountMax, let json = CanonicalJSON(reading: bytes),
            json["v"]?.integerValue == 1, json["kind"]?.stringValue == "enrolment",
            let code = json["code"]?.stringValue.flatMap({ EnrolmentCode($0) }),
            let device = json["dev"]?.stringValue.flatMap({ DeviceID($0) }),
            let publicKey = json["publicKey"]?.stringValue.flatMap({ Base64.bytes($0) }),
            PublicKey(publicKey) != nil,
            let nonce = json["nonce"]?.stringValue.flatMap({ Base64.bytes($0) }),
            nonce.count == LogIdentity.nonceByteCount,
            let hardware = json["hw"].flatMap({ Hardware($0) })
        else { return nil }
        self.init(
            code: code,
            identity: LogIdentity(device: device, epoch: 1, publicKey: publicKey, nonce: nonce),
            hardware: hardware
        )
    }
}

extension EnrolmentV1.Hardware {
    fileprivate init?(_ json: CanonicalJSON) {
        let text = { (name: String) -> String? in
            json[name]?.stringValue.flatMap { $0.count <= Self.characterCountMax ? $0 : nil }
        }
        guard let model = text("model"), let kernel = text("kernel"), let version = text("version")
        else { return nil }
        self.init(model: model, kernel: kernel, version: version)
    }
}

extension LogIdentity {
    /// Bytes of a nonce.
    public static let nonceByteCount = 16
}

/// A device's enrolment as an HTTP request, version 1: signed by the key that it brings.
public struct EnrolmentRequestV1: Hashable, Sendable {
    /// The header fields to send beside `Host` and `Content-Length`, names in lower case.
    public let fields: [SignableRequest.Component]
    /// The content as it travels.
    public let content: [UInt8]

    /// The request's method.
    public static let method = "POST"
    /// Where a device asks to be let in.
    public static let path = "/v1/devices"
    /// The media type of the content.
    public static let mediaType = "application/json"

    /// Makes the request.
    ///
    /// - Parameters:
    ///   - enrolment: What the device says.
    ///   - authority: HQ's host, and port unless it is the scheme's own, as `Host` will have it.
    ///   - createdS: Now by HQ's clock as far as it is known, in POSIX seconds.
    ///   - nonce: A random text of 1 to 64 characters; each attempt needs its own.
    ///   - key: The device's new key: its signature proves that the device has it.
    public init(
        _ enrolment: EnrolmentV1,
        authority: String,
        createdS: Int64,
        nonce: String,
        signedBy key: SigningKey
    ) {
        content = enrolment.bytes
        let digest = ContentDigest.value(of: content)
        let signature = RequestSignature(
            of: SignableRequest(
                method: Self.method,
                authority: authority,
                path: Self.path,
                query: nil,
                fields: Self.covered(digest: digest)
            ),
            createdS: createdS,
            nonce: nonce,
            signedBy: key
        )
        fields =
            Self.covered(digest: digest) + [
                .init("content-type", Self.mediaType),
                .init(RequestSignature.inputFieldName, signature.inputValue),
                .init(RequestSignature.fieldName, signature.value),
            ]
    }

    /// The fields that the signature covers.
    public static func covered(digest: String) -> [SignableRequest.Component] {
        [.init(ContentDigest.fieldName, digest)]
    }
}
