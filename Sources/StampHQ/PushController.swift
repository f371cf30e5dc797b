import Hummingbird
import LoyaltyCore
import NIOCore
import SyncWire

/// `POST /v1/devices/{device}/log`: where devices push their logs (SYNC.md 2.2).
///
/// May be called twice with the same entries, cut in any way: what HQ holds is passed over.
struct PushController {
    let intake: Intake
    let key: SigningKey

    /// Most bytes of a push as it travels.
    ///
    /// Source: a whole batch without compression.
    static let contentByteCountMax = BatchV1.wholeByteCountMax

    @Sendable
    func push(_ request: Request, context: some RequestContext) async throws -> Response {
        guard let device = context.parameters.get("device").flatMap({ DeviceID($0) })
        else { throw Problem(.deviceUnknown, "The address names no device.") }
        return try await intake.gate.admit {
            let ack = try await ingest(request, from: device)
            return Response(json: ack.bytes(signedBy: key))
        }
    }

    private func ingest(_ request: Request, from device: DeviceID) async throws -> AckV1 {
        let isCompressed = try Self.isCompressed(request)
        let content = try await Self.content(of: request)
        let known = try await intake.sender.trusted(device)
        try await authenticate(request, content, known)

        let batch = try Intake.batch(isCompressed ? try Self.inflated(content) : content)
        try Self.check(batch.header, against: request, device)
        return try await intake.take(batch, of: known, .live)
    }

    // MARK: The body

    /// The batch of a push whose sender cannot be checked, whole and uncompressed.
    static func bytes(of request: Request) async throws -> [UInt8] {
        let isCompressed = try Self.isCompressed(request)
        let content = try await Self.content(of: request)
        try checkDigest(of: content, in: request)
        return isCompressed ? try inflated(content) : content
    }

    private static func checkDigest(of content: [UInt8], in request: Request) throws {
        guard ContentDigest.isValid(request.field(ContentDigest.fieldName) ?? "", for: content)
        else {
            throw Problem(
                .chainInvalid,
                "The body is not the one that Content-Digest describes; send it again.",
                extras: [.init("index", 0)]
            )
        }
    }

    /// Whether the body is gzip; any other encoding or type is refused.
    private static func isCompressed(_ request: Request) throws -> Bool {
        let type = request.field("content-type")?.prefix { $0 != ";" }
        guard type == PushRequestV1.mediaType[...] else {
            throw Problem(.encoding, "Send a batch as \(PushRequestV1.mediaType).")
        }
        switch request.field("content-encoding") {
        case nil, "identity": return false
        case "gzip": return true
        default: throw Problem(.encoding, "Send the batch as gzip, or as it is.")
        }
    }

    private static func content(of request: Request) async throws -> [UInt8] {
        do {
            return Array(
                try await request.body.collect(upTo: contentByteCountMax).readableBytesView
            )
        } catch is NIOTooManyBytesError {
            throw Problem.tooLarge(BatchError.tooManyBytes(contentByteCountMax + 1).description)
        }
    }

    private static func inflated(_ content: [UInt8]) throws -> [UInt8] {
        do throws(GzipError) {
            return try Gzip.decompress(content)
        } catch {
            switch error {
            case .tooLarge: throw Problem.tooLarge(error.description)
            case .damaged: throw Problem(.badRequest, error.description)
            }
        }
    }

    /// The header must name what the signed fields and the address name.
    static func check(
        _ header: BatchHeaderV1,
        against request: Request,
        _ device: DeviceID
    ) throws {
        guard header.device == device,
            request.field("log-epoch") == String(header.epoch),
            request.field("log-first") == String(header.first),
            request.field("log-count") == String(header.count)
        else {
            throw Problem(
                .badRequest,
                "The batch's first line names another device, epoch, first entry or count than the"
                    + " request."
            )
        }
    }

    // MARK: The sender

    /// Checks signature, time, nonce and digest, in this order.
    private func authenticate(
        _ request: Request,
        _ content: [UInt8],
        _ device: Device
    ) async throws {
        try await intake.sender.authenticate(request, device, covered: Self.covered(request))
        try Self.checkDigest(of: content, in: request)
    }

    /// The fields that a push must sign, or nil if one is missing.
    private static func covered(_ request: Request) -> [SignableRequest.Component]? {
        guard let digest = request.field(ContentDigest.fieldName),
            let epoch = request.field("log-epoch"), let first = request.field("log-first"),
            let count = request.field("log-count")
        else { return nil }
        return PushRequestV1.covered(digest: digest, epoch: epoch, first: first, count: count)
    }
}

extension Problem {
    /// A batch beyond its limits, compressed or not.
    static func tooLarge(_ detail: String) -> Self {
        Self(
            .batchTooLarge,
            detail,
            extras: [
                .init("max", .integer(Int64(BatchV1.byteCountMax))),
                .init("entryMax", .integer(Int64(BatchV1.entryCountMax))),
            ]
        )
    }

    /// What a device is told about a batch that does not hold.
    init(_ error: BatchError) {
        switch error {
        case .tooManyBytes, .tooManyEntries:
            self = .tooLarge(error.description)
        case .countMismatch(_, let found):
            self.init(
                .chainInvalid,
                error.description,
                extras: [.init("index", .integer(Int64(found)))]
            )
        case .chainInvalid(let index):
            self.init(
                .chainInvalid,
                error.description,
                extras: [.init("index", .integer(Int64(index)))]
            )
        case .signatureInvalid:
            self.init(.signatureInvalid, error.description)
        case .cutShort, .notJSON, .unknownVersion, .malformed, .notNext:
            self.init(.badRequest, error.description)
        }
    }
}
