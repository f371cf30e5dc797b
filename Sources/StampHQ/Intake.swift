import Logging
import LoyaltyCore
import SyncWire

/// How a batch reached HQ.
enum Delivery: Sendable {
    /// The device sends it now, so it also tells where its log ends now.
    case live
    /// It was fetched, kept by a relay or carried on a stick, and may be old.
    case carried
}

/// Takes batches in, whoever brings them: reads, verifies, stores and books (SYNC.md 2.2, 2.3).
///
/// A push, a pull, a relay and a stick all end here. It believes nothing but the chain and the
/// device's own signature, so whoever carried a batch need not be trusted.
struct Intake: Sendable {
    let store: HQStore
    let gate: PushGate
    let logger: Logger

    /// Knows devices, and tells operators of those who are not what they say.
    var sender: SenderCheck { SenderCheck(store: store, gate: gate, logger: logger) }

    /// Takes one batch in.
    ///
    /// May be called twice with the same entries, cut in any way: what HQ holds is passed over.
    ///
    /// - Parameters:
    ///   - bytes: The batch, uncompressed.
    ///   - delivery: How it came.
    /// - Returns: What HQ acknowledges, after it is on the disk.
    /// - Throws: `Problem` if it is refused, `DatabaseError`; nothing was stored then.
    func take(_ bytes: [UInt8], _ delivery: Delivery) async throws -> AckV1 {
        let batch = try Self.batch(bytes)
        return try await take(batch, of: try await sender.trusted(batch.header.device), delivery)
    }

    /// Takes in a batch of a device that is known.
    func take(_ batch: BatchV1, of device: Device, _ delivery: Delivery) async throws -> AckV1 {
        let id = device.identity.device
        switch try await store.ingest(try await verified(batch, device), delivery) {
        case .held(let ack):
            note(ack, id)
            return ack
        case .refused(let problem):
            logger.warning(
                "batch refused",
                metadata: ["device": "\(id.text)", "problem": "\(problem.type.rawValue)"]
            )
            throw problem
        }
    }

    /// Reads a batch's lines.
    static func batch(_ bytes: [UInt8]) throws -> BatchV1 {
        do throws(BatchError) {
            return try BatchV1(parsing: bytes)
        } catch {
            throw Problem(error)
        }
    }

    private func verified(_ batch: BatchV1, _ device: Device) async throws -> VerifiedBatch {
        let last = batch.header.first - 1 + Int64(batch.header.count)
        guard let key = device.publicKey(epoch: batch.header.epoch, at: last)
        else { throw Problem(.hqFailed, "The device's key on record is damaged.") }
        do throws(BatchError) {
            return try VerifiedBatch(batch, key: key)
        } catch {
            if error == .signatureInvalid {
                await sender.alarm("a checkpoint that the device's key did not sign", device)
            }
            throw Problem(error)
        }
    }

    private func note(_ ack: AckV1, _ device: DeviceID) {
        logger.debug(
            "batch held",
            metadata: [
                "device": "\(device.text)", "received": "\(ack.received.sequence)",
                "dup": "\(ack.duplicateCount)",
            ]
        )
        if !ack.quarantined.isEmpty {
            logger.warning(
                "alarm",
                metadata: [
                    "kind": "\(AlarmKind.quarantined.rawValue)", "device": "\(device.text)",
                    "count": "\(ack.quarantined.count)",
                ]
            )
        }
    }
}
