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

    /// How a batch's bytes became a body.
    private enum Coding {
        case identity, gzip, delta
    }

    @Sendable
    func push(_ request: Request, context: some RequestContext) async throws -> Response {
        guard let device = context.parameters.get("device").flatMap({ DeviceID($0) })
        else { throw Problem(.deviceUnknown, "The address names no device.") }
        return try await intake.gate.admit {
            let ack = try await ingest(request, from: device)
            var response = Response(json: ack.bytes(signedBy: key))
            response.headers[.acceptEncoding] = "\(Gzip.name), \(DeltaCoding.name)"
            return response
        }
    }

    private func ingest(_ request: Request, from device: DeviceID) async throws -> AckV1 {
        let coding = try Self.coding(of: request)
        let content = try await Self.content(of: request)
        let known = try await intake.sender.trusted(device)
        try await authenticate(request, content, known)

        let batch =
            coding == .delta
            ? try await batch(from: content, of: request, known)
            : try Intake.batch(try Self.plain(content, coding))
        try Self.check(batch.header, against: request, device)
        return try await intake.take(batch, of: known, .live)
    }

    /// Reads a batch that was coded against the entry before it.
    private func batch(
        from content: [UInt8],
        of request: Request,
        _ device: Device
    ) async throws -> BatchV1 {
        let id = device.identity.device
        let numbers = ["log-epoch", "log-first", "log-count"]
            .compactMap { request.field($0).flatMap { Int64($0) } }
            .filter { (0...BatchHeaderV1.sequenceMax).contains($0) }
        guard numbers.count == 3 else {
            throw Problem(.badRequest, "Log-Epoch, Log-First and Log-Count must be whole numbers.")
        }
        let (epoch, first, count) = (numbers[0], numbers[1], numbers[2])
        guard let line = try await intake.store.line(before: first, epoch: epoch, of: device),
            let key = device.publicKey(epoch: epoch, at: first - 1 + count)
        else { throw Problem(.encoding, InflateError.otherDictionary.description) }
        do throws(DeltaError) {
            return try DeltaCoding(device: id, epoch: epoch, after: line)
                .batch(from: content, signedBy: key.keyID)
        } catch {
            switch error {
            case .inflate(let error): throw Problem(error)
            case .batch(let error): throw Problem(error)
            }
        }
    }

    // MARK: The body

    /// The batch of a push whose sender cannot be checked, whole and uncompressed.
    ///
    /// - Throws: `Problem`; a batch that is coded against an entry is for HQ alone.
    static func bytes(of request: Request) async throws -> [UInt8] {
        let coding = try coding(of: request)
        guard coding != .delta else { throw Problem.otherEncoding }
        let content = try await Self.content(of: request)
        try checkDigest(of: content, in: request)
        return try plain(content, coding)
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

    /// How the body is coded; any other coding or type is refused.
    private static func coding(of request: Request) throws -> Coding {
        let type = request.field("content-type")?.prefix { $0 != ";" }
        guard type == PushRequestV1.mediaType[...] else {
            throw Problem(.encoding, "Send a batch as \(PushRequestV1.mediaType).")
        }
        switch request.field("content-encoding") {
        case nil, "identity": return .identity
        case Gzip.name: return .gzip
        case DeltaCoding.name: return .delta
        default: throw Problem.otherEncoding
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

    private static func plain(_ content: [UInt8], _ coding: Coding) throws -> [UInt8] {
        guard coding == .gzip else { return content }
        do throws(InflateError) {
            return try Gzip.decompress(content)
        } catch {
            throw Problem(error)
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

    /// A body in a coding that is not read here.
    static var otherEncoding: Self { Self(.encoding, "Send the batch as gzip, or as it is.") }

    /// What a device is told about a body that cannot be decompressed.
    init(_ error: InflateError) {
        switch error {
        case .tooLarge: self = .tooLarge(error.description)
        case .damaged: self.init(.badRequest, error.description)
        case .otherDictionary: self.init(.encoding, error.description)
        }
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
