import LoyaltyCore
import NIOHTTP1
import StampHQ
import SyncWire
import Testing

/// Pushes that are coded against the entry before them, over real HTTP.
struct DeltaPushTests {
    @Test func `HQ says that it reads them, and takes one like any other`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try await device.join(hq)
            try device.award("P1/1", to: 7, points: 30)
            let first = try await hq.push(device.batch(), by: device)
            #expect(first.headers[canonicalForm: "accept-encoding"] == ["gzip", "stampd-delta"])

            try device.award("P1/2", to: 7, points: 5)
            let request = try device.coded(device.batch(after: 1), to: hq)
            let ack = try AckV1(
                parsing: try await hq.send(request).bytes,
                signedBy: hq.hq.publicKey
            )

            #expect(request.encoding == "stampd-delta")
            #expect(ack.received == device.head)
            #expect(try await hq.balance(of: 7) == ["points": 35, "stamps/latte": 2])
            // Again, and cut differently: nothing changes.
            try device.award("P1/3", to: 7, points: 1)
            for batch in [device.batch(after: 1, through: 2), device.batch(after: 1)] {
                let answer = try await hq.send(try device.coded(batch, to: hq))
                #expect(answer.status == 200)
            }
            #expect(try await hq.balance(of: 7) == ["points": 36, "stamps/latte": 3])
        }
    }

    @Test func `an HQ that does not hold the entry before asks for gzip`() async throws {
        try await RunningHQ.run { hq in
            var (device, fork) = (try TestDevice(), try TestDevice())
            try await device.join(hq)
            for sale in 1...2 {
                try device.award("P1/\(sale)")
                try fork.award("P2/\(sale)")
            }

            for held in [0, 1] {
                if held == 1 { try await hq.pushed(device.batch(through: 1), by: device) }
                let answer = try await hq.send(try fork.coded(fork.batch(after: 1), to: hq))
                #expect(answer.problem?.type == .encoding)
                #expect(answer.headers.first(name: "accept-encoding") == "gzip")
            }
            // And as gzip it learns what is wrong.
            #expect(try await hq.refused(fork.batch(), by: fork).type == .logFork)
        }
    }

    @Test func `the key that is in force at the batch's end signs it`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            let next = try #require(SigningKey(seed: Array(repeating: 99, count: 32)))
            try device.award("P1/1")
            device.append(.keyRotate(KeyRotateFact(to: next, of: device.identity)))
            try device.award("P1/2")
            try await device.join(hq)
            try await hq.pushed(device.batch(through: 1), by: device)

            for batch in [
                device.batch(after: 1, through: 2), device.batch(after: 2, signedBy: next),
            ] {
                let key = batch.checkpoint.keyID == next.keyID ? next : device.key
                let request = try device.coded(batch, to: hq, signedBy: key)
                let answer = try await hq.send(request)
                #expect(request.encoding == "stampd-delta")
                #expect(answer.status == 200, "\(String(decoding: answer.bytes, as: UTF8.self))")
            }
            #expect(try await hq.balance(of: 1) == ["points": 20, "stamps/latte": 2])
        }
    }

    @Test func `damaged bytes, a bomb, wrong numbers and a forged signature are refused`()
        async throws
    {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            for sale in 1...2 { try device.award("P1/\(sale)") }
            try await device.join(hq)
            try await hq.pushed(device.batch(through: 1), by: device)
            let content = try device.coded(device.batch(after: 1), to: hq).content
            var forged = content
            forged[0] ^= 1

            let rows: [(content: [UInt8], first: Int64, count: Int, problem: ProblemType)] = [
                ([], 2, 1, .badRequest), (Array(content.dropLast()), 2, 1, .badRequest),
                (Array(content.prefix(64)), 2, 1, .badRequest), (content, -1, 1, .badRequest),
                (content, 2, 2, .badRequest), (content, 2, -1, .badRequest),
                (content, 1, 1, .encoding), (content, 0, 1, .encoding),
                (forged, 2, 1, .signatureInvalid),
            ]
            for row in rows {
                let answer = try await hq.send(
                    .POST,
                    PushRequestV1.path(of: device.identity.device),
                    device.fields(
                        for: row.content,
                        to: hq,
                        first: row.first,
                        count: row.count,
                        encoding: DeltaCoding.name
                    ),
                    row.content
                )
                #expect(answer.problem?.type == row.problem, "\(row.first) \(row.count)")
            }
            #expect(try await hq.balance(of: 1) == ["points": 10, "stamps/latte": 1])
        }
    }
}

extension TestDevice {
    /// Signs a push of a batch that is coded against the entry before it.
    fileprivate func coded(
        _ batch: BatchV1,
        to hq: RunningHQ,
        signedBy other: SigningKey? = nil
    ) throws -> PushRequestV1 {
        let before = try #require(lines.first { $0.sequence == batch.header.first - 1 })
        return PushRequestV1(
            batch,
            authority: hq.authority,
            createdS: hq.clock.nowMs / 1_000,
            nonce: Hex.text((0..<16).map { _ in UInt8.random(in: 0...255) }),
            signedBy: other ?? key,
            coding: DeltaCoding(
                device: identity.device,
                epoch: identity.epoch,
                after: before
            )
        )
    }
}
