import Foundation
import LoyaltyCore
import SyncWire
import Testing

@testable import StampHQ

/// What a relay keeps and forgets, in real files.
struct RelayTests {
    private let hqKey = SigningKey()

    @Test func `what was kept is there after a restart, byte for byte`() async throws {
        let directory = try TemporaryDirectory()
        let device = try makeDevice()
        let first = try open(directory)
        #expect(try await keep(device.batch(through: 2), first) == 2)
        #expect(try await keep(device.batch(after: 2), first) == 4)

        let second = try open(directory)
        let id = device.identity.device
        let listed = await second.list()
        #expect(listed.map(\.name.device) == [id])
        #expect(listed.map(\.first) == [1])
        #expect(listed.map(\.head) == [4])
        #expect(try await second.batch(pull(id, 0)) == device.batch(through: 2).bytes)
        #expect(try await second.batch(pull(id, 2)) == device.batch(after: 2).bytes)
        #expect(try await second.batch(pull(id, 4)) == nil)
        withExtendedLifetime(directory) {}
    }

    @Test func `a batch that comes twice is one file, and one that overlaps another`() async throws
    {
        let directory = try TemporaryDirectory()
        let relay = try open(directory)
        let device = try makeDevice()

        for _ in 0..<2 { #expect(try await keep(device.batch(through: 2), relay) == 2) }
        #expect(try await keep(device.batch(after: 1, through: 2), relay) == 2)
        #expect(try await keep(device.batch(after: 1), relay) == 4)
        #expect(try files(directory, device) == ["1-2.ndjson", "2-4.ndjson"])
        #expect(try await keep(device.batch(through: 1), relay) == 4)
    }

    @Test func `a gap is told and a damaged chain refused, and nothing is kept of either`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let relay = try open(directory)
        let device = try makeDevice()
        try await keep(device.batch(through: 1), relay)
        let whole = device.batch(after: 1)
        let damaged = BatchV1(
            header: whole.header,
            bodies: whole.bodies.reversed(),
            checkpoint: whole.checkpoint
        )

        let gap = await problem { try await keep(device.batch(after: 2), relay) }
        #expect(gap?.type == .logGap)
        #expect(gap?["expected"] == 2)
        #expect(await problem { try await keep(damaged, relay) }?.type == .chainInvalid)
        #expect(try files(directory, device) == ["1-1.ndjson"])
    }

    @Test func `only what HQ signed as prunable is forgotten`() async throws {
        let directory = try TemporaryDirectory()
        let relay = try open(directory)
        let device = try makeDevice()
        let id = device.identity.device
        try await keep(device.batch(through: 2), relay)
        try await keep(device.batch(after: 2), relay)

        let forged = ack(device, received: 4, prunable: 4).bytes(signedBy: SigningKey())
        #expect(await problem { try await relay.acknowledge(forged, for: id) } != nil)
        let held = ack(device, received: 4, prunable: 0).bytes(signedBy: hqKey)
        try await relay.acknowledge(held, for: id)
        #expect(try files(directory, device).count == 2)
        #expect(await relay.ack(for: id, epoch: 1) == held)

        // Part of a batch is no batch.
        try await relay.acknowledge(signed(device, received: 4, prunable: 3), for: id)
        #expect(try files(directory, device) == ["3-4.ndjson"])
        let reopened = try open(directory)
        #expect(await reopened.ack(for: id, epoch: 1) == signed(device, received: 4, prunable: 3))
        #expect(await problem { try await reopened.batch(pull(id, 0)) }?.type == .logPruned)

        try await reopened.acknowledge(held, for: id)
        #expect(await reopened.ack(for: id, epoch: 1) != held)
        try await reopened.acknowledge(signed(device, received: 4, prunable: 4), for: id)
        #expect(try files(directory, device).isEmpty)
        #expect(try await reopened.batch(pull(id, 4)) == nil)
    }

    @Test func `as many logs are kept as named, and one more is refused`() async throws {
        let directory = try TemporaryDirectory()
        let relay = try RelayStore(
            directory: "\(directory.path)/relay",
            hqKey: hqKey.publicKey,
            logCountMax: 2
        )
        for number in 1...3 {
            var device = try TestDevice(number)
            try device.award("P\(number)/1")
            let batch = device.batch()
            let refusal = await problem { try await keep(batch, relay) }
            #expect(refusal?.type == (number <= 2 ? nil : .hqStorageFull))
        }
        #expect(await relay.list().count == 2)
    }

    @Test func `another epoch and an unknown device are told`() async throws {
        let directory = try TemporaryDirectory()
        let relay = try open(directory)
        let device = try makeDevice()
        let id = device.identity.device
        #expect(await problem { try await relay.batch(pull(id, 0)) }?.type == .deviceUnknown)
        try await keep(device.batch(), relay)

        let other = await problem { try await relay.batch(pull(id, 0, epoch: 2)) }
        #expect(other?.type == .epochChanged)
        #expect(other?["epoch"] == 1)
        withExtendedLifetime(directory) {}
    }

    private func makeDevice() throws -> TestDevice {
        var device = try TestDevice()
        for sale in 1...4 { try device.award("P1/\(sale)") }
        return device
    }

    private func open(
        _ directory: TemporaryDirectory,
        byteCountMax: Int64 = RelayStore.byteCountMax
    ) throws -> RelayStore {
        try RelayStore(
            directory: "\(directory.path)/relay",
            hqKey: hqKey.publicKey,
            byteCountMax: byteCountMax
        )
    }

    @discardableResult
    private func keep(_ batch: BatchV1, _ relay: RelayStore) async throws -> Int64 {
        try await relay.keep(batch, batch.bytes)
    }

    private func pull(_ device: DeviceID, _ after: Int64, epoch: Int64 = 1) -> PullRequestV1 {
        PullRequestV1(device: device, epoch: epoch, after: after, countMax: 500)
    }

    private func problem<Answer>(_ work: () async throws -> Answer) async -> Problem? {
        do {
            _ = try await work()
            return nil
        } catch {
            return error as? Problem
        }
    }

    @Test func `a relay keeps as many bytes as it may, and frees what HQ called safe`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let device = try makeDevice()
        let first = device.batch(through: 2)
        let second = device.batch(after: 2)
        let limit = Int64(first.bytes.count + second.bytes.count)
        let short = try open(directory, byteCountMax: limit - 1)
        try await keep(first, short)

        let full = await problem { try await keep(second, short) }
        #expect(full?.type == .hqStorageFull)
        #expect(full?.type.status == 507)
        #expect(try files(directory, device) == ["1-2.ndjson"])
        #expect(try await keep(first, short) == 2)

        let exact = try open(directory, byteCountMax: limit)
        #expect(await exact.byteCount == Int64(first.bytes.count))
        #expect(try await keep(second, exact) == 4)
        #expect(await exact.byteCount == limit)
        let id = device.identity.device
        try await exact.acknowledge(signed(device, received: 4, prunable: 2), for: id)
        #expect(await exact.byteCount == Int64(second.bytes.count))
        withExtendedLifetime(directory) {}
    }

    private func signed(_ device: TestDevice, received: Int, prunable: Int64) -> [UInt8] {
        ack(device, received: received, prunable: prunable).bytes(signedBy: hqKey)
    }

    private func ack(_ device: TestDevice, received: Int, prunable: Int64) -> AckV1 {
        AckV1(
            device: device.identity.device,
            epoch: 1,
            received: device.lines[received - 1].position,
            posted: Int64(received),
            prunable: prunable,
            serverMs: 1_790_000_000_000,
            hqEpoch: 1,
            credit: .whole,
            duplicateCount: 0,
            quarantined: [],
            hasChanges: false
        )
    }

    private func files(_ directory: TemporaryDirectory, _ device: TestDevice) throws -> [String] {
        let path = "\(directory.path)/relay/\(device.identity.device.text)/1"
        return try FileManager.default.contentsOfDirectory(atPath: path)
            .filter { $0 != "ack" }.sorted()
    }
}
