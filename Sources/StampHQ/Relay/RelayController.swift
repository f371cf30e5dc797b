import DaemonKit
import Glibc
import Hummingbird
import LoyaltyCore
import NIOCore
import Synchronization
import SyncWire

/// What a relay answers: to agents like HQ, to HQ like an agent (SYNC.md 2.3).
struct RelayController {
    let store: RelayStore
    let gate: HQGate

    func addRoutes(to group: RouterGroup<some RequestContext>) {
        group.post("devices/{device}/log", use: keep)
        group.get("devices", use: list)
        group.get("devices/{device}/log", use: batch)
        group.post("devices/{device}/acks", use: acknowledge)
    }

    /// Keeps a push: 202, or HQ's own last acknowledgement; never one of the relay's making.
    @Sendable
    private func keep(_ request: Request, context: some RequestContext) async throws -> Response {
        let device = try Self.device(context)
        let bytes = try await PushController.bytes(of: request)
        let batch = try Intake.batch(bytes)
        try PushController.check(batch.header, against: request, device)
        let held = try await Self.onDisk { try await store.keep(batch, bytes) }
        let epoch = batch.header.epoch
        var response =
            if let ack = await store.ack(for: device, epoch: epoch) {
                Response(json: ack)
            } else {
                Response(.accepted, json: CanonicalJSON.object([]).bytes)
            }
        response.set(PullRequestV1.headSequenceFieldName, String(held))
        return response
    }

    @Sendable
    private func list(_ request: Request, context: some RequestContext) async throws -> Response {
        try gate.check(request)
        return Response(
            .array(
                await store.list().map { name, first, head in
                    [
                        "dev": .string(name.device.text), "ep": .integer(name.epoch),
                        "first": .integer(first), "head": .integer(head),
                    ]
                }
            )
        )
    }

    @Sendable
    private func batch(_ request: Request, context: some RequestContext) async throws -> Response {
        try gate.check(request)
        let pull = try PullRequestV1(device: try Self.device(context), query: request.uri.query)
        let bytes = try await store.batch(pull)
        var response =
            if let bytes {
                Response(.ok, type: PushRequestV1.mediaType, json: bytes)
            } else {
                Response(status: .noContent, headers: [.cacheControl: "no-store"])
            }
        let head = await store.head(of: pull.device, epoch: pull.epoch)
        response.set(PullRequestV1.headSequenceFieldName, String(head))
        return response
    }

    @Sendable
    private func acknowledge(
        _ request: Request,
        context: some RequestContext
    ) async throws -> Response {
        try gate.check(request)
        let device = try Self.device(context)
        let bytes = try await Self.ack(in: request)
        try await Self.onDisk { try await store.acknowledge(bytes, for: device) }
        return Response(status: .noContent, headers: [.cacheControl: "no-store"])
    }

    private static func ack(in request: Request) async throws -> [UInt8] {
        do {
            let content = try await request.body.collect(upTo: AckV1.byteCountMax)
            return Array(content.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw Problem(
                .batchTooLarge,
                "An acknowledgement has at most \(AckV1.byteCountMax) bytes.",
                extras: [.init("max", .integer(Int64(AckV1.byteCountMax)))]
            )
        }
    }

    /// Says it plainly where the disk has no room.
    private static func onDisk<Answer>(_ work: () async throws -> Answer) async throws -> Answer {
        do {
            return try await work()
        } catch let error as FileError where error.errno == ENOSPC || error.errno == EDQUOT {
            throw Problem(.hqStorageFull, "The relay's disk is full; nothing was kept.")
        }
    }

    private static func device(_ context: some RequestContext) throws -> DeviceID {
        guard let device = context.parameters.get("device").flatMap({ DeviceID($0) })
        else { throw Problem(.deviceUnknown, "The address names no device.") }
        return device
    }
}

/// Lets HQ in, and nobody else.
final class HQGate: Sendable {
    private let state: Mutex<RequestGuard>
    private let nowMs: @Sendable () -> Int64

    init(key: PublicKey, nowMs: @escaping @Sendable () -> Int64) {
        state = Mutex(RequestGuard(key: key))
        self.nowMs = nowMs
    }

    func check(_ request: Request) throws {
        let nowMs = nowMs()
        try state.withLock { state in
            try state.check(
                request.signable(covering: []),
                inputValue: request.field(RequestSignature.inputFieldName),
                value: request.field(RequestSignature.fieldName),
                nowMs: nowMs
            )
        }
    }
}

extension Response {
    /// Sets a field by its name in lower case.
    fileprivate mutating func set(_ name: String, _ value: String) {
        if let name = HTTPFields.Element.Name(name) { headers[name] = value }
    }
}
