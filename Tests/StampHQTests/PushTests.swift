import LoyaltyCore
import NIOHTTP1
import StampHQ
import SyncWire
import Testing

/// Pushes that HQ takes, over real HTTP.
struct PushTests {
    @Test func `a push is held, booked and acknowledged with HQ's signature`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1", to: 7, points: 30)
            try device.award("P1/2", to: 7, points: 5)
            try await device.join(hq)

            let ack = try await hq.pushed(device.batch(), by: device)

            #expect(ack.device == device.identity.device)
            #expect(ack.received == device.head)
            #expect(ack.posted == 2)
            #expect(ack.prunable == 0)
            #expect(ack.serverMs == hq.clock.nowMs)
            #expect(ack.duplicateCount == 0)
            #expect(ack.quarantined.isEmpty)
            #expect(try await hq.balance(of: 7) == ["points": 35, "stamps/latte": 2])
        }
    }

    @Test func `the same push again changes nothing and gives the same acknowledgement`()
        async throws
    {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            device.append("no JSON")
            try await device.join(hq)

            let first = try await hq.pushed(device.batch(), by: device)
            let second = try await hq.pushed(device.batch(), by: device)

            #expect(second.received == first.received)
            #expect(second.quarantined == first.quarantined)
            #expect((first.duplicateCount, second.duplicateCount) == (0, 2))
            #expect(try await hq.balance(of: 1) == ["points": 10, "stamps/latte": 1])
        }
    }

    @Test func `a batch cut differently overlaps without harm`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            for sale in 1...6 { try device.award("P1/\(sale)") }
            try await device.join(hq)

            try await hq.pushed(device.batch(after: 0, through: 4), by: device)
            let ack = try await hq.pushed(device.batch(after: 2, through: 6), by: device)

            #expect(ack.duplicateCount == 2)
            #expect(ack.received == device.head)
            #expect(try await hq.balance(of: 1) == ["points": 60, "stamps/latte": 6])
        }
    }

    @Test func `a push without entries asks for the watermarks`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try await device.join(hq)
            #expect(try await hq.pushed(device.batch(), by: device).received.sequence == 0)

            try device.award("P1/1")
            try await hq.pushed(device.batch(), by: device)
            let ack = try await hq.pushed(device.batch(after: 1), by: device)
            #expect(ack.received == device.head)
        }
    }

    @Test func `a push that is not compressed is read as well`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            try await device.join(hq)
            let content = device.batch().bytes

            let fields = device.fields(for: content, to: hq).filter {
                $0.name != "content-encoding"
            }
            let path = PushRequestV1.path(of: device.identity.device)
            let answer = try await hq.send(.POST, path, fields, content)

            #expect(answer.status == 200)
        }
    }

    @Test func `entries that HQ cannot book are kept without effect and block nothing`()
        async throws
    {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            device.append("\u{0}\u{1} <script>%n' OR 1=1")
            device.append(#"{"seq":3,"type":"teleport","wallMs":1,"clock":"ntp"}"#)
            device.append(.boot(BootFact(bootID: "b", version: "1")), sequence: 9)
            try device.award("P1/1")
            try device.award("P1/6", points: -15)
            try device.void("P1/9", of: 2)
            try device.void("P1/1", of: 1, points: 9)
            try device.award("P1/9")
            try await device.join(hq)

            let ack = try await hq.pushed(device.batch(), by: device)

            #expect(ack.received == device.head)
            #expect(
                ack.quarantined.map { "\($0.sequence) \($0.code)" } == [
                    "2 unreadable", "3 unreadable", "4 sequence-mismatch", "5 duplicate-sale",
                    "6 amount-out-of-range", "7 void-unknown", "8 void-mismatch",
                ]
            )
            #expect(try await hq.balance(of: 1) == ["points": 20, "stamps/latte": 2])
            let alarms = try await hq.read("/v1/alarms")
            #expect(String(decoding: alarms.bytes, as: UTF8.self).contains("quarantined"))
        }
    }

    @Test func `an entry of a later version is quarantined as such`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            device.append(
                #"{"seq":1,"type":"spend","wallMs":1,"clock":"ntp","boot":1,"bootMs":1,"#
                    + #""hlc":[1,0]}"#
            )
            try await device.join(hq)

            let ack = try await hq.pushed(device.batch(), by: device)

            #expect(ack.quarantined == [.init(sequence: 1, code: "unknown-type")])
        }
    }

    @Test func `a void takes back its award, once`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            try device.award("P1/2")
            try device.void("P1/1", of: 1)
            try device.void("P1/1", of: 1)
            try await device.join(hq)

            let ack = try await hq.pushed(device.batch(), by: device)

            #expect(ack.quarantined == [.init(sequence: 4, code: "void-repeated")])
            #expect(try await hq.balance(of: 1) == ["points": 10, "stamps/latte": 1])
        }
    }

    @Test func `amounts that cannot be counted are quarantined, not wrapped`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1", points: .max / 10 * 10)
            try device.award("P1/2", points: 100)
            try await device.join(hq)

            let ack = try await hq.pushed(device.batch(), by: device)

            #expect(ack.quarantined == [.init(sequence: 2, code: "amount-out-of-range")])
            #expect(try await hq.balance(of: 1)["points"] == .max / 10 * 10)
        }
    }

    @Test func `one invoice brought to two stores counts where it arrived first`() async throws {
        try await RunningHQ.run { hq in
            var first = try TestDevice(1)
            var second = try TestDevice(2)
            try first.award("inv/2026-09/AB12345678", to: 1, evidence: .eInvoice)
            try second.award("inv/2026-09/AB12345678", to: 2, evidence: .eInvoice)
            try second.award("P1/1", to: 2)
            try first.award("P1/1", to: 1)
            try await first.join(hq)
            try await second.join(hq, label: "Tainan 1")

            let kept = try await hq.pushed(second.batch(), by: second)
            let late = try await hq.pushed(first.batch(), by: first)
            let again = try await hq.pushed(second.batch(), by: second)

            #expect(kept.quarantined.isEmpty)
            #expect(late.quarantined == [.init(sequence: 1, code: "duplicate-sale")])
            #expect(again.quarantined.isEmpty)
            #expect(try await hq.balance(of: 1) == ["points": 10, "stamps/latte": 1])
            #expect(try await hq.balance(of: 2) == ["points": 20, "stamps/latte": 2])
        }
    }

    @Test func `the last entry of a full batch counts like the first`() async throws {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            for sale in 1...BatchV1.entryCountMax { try device.award("P1/\(sale)") }
            try await device.join(hq)

            let ack = try await hq.pushed(device.batch(), by: device)

            #expect(ack.received.sequence == 500)
            #expect(try await hq.balance(of: 1) == ["points": 5_000, "stamps/latte": 500])
        }
    }
}

extension RunningHQ {
    /// What a member holds, by asset.
    func balance(of member: Int64) async throws -> [String: Int64] {
        let number = try #require(MemberNumber(value: member))
        let postings = try await hq.store.balances(of: number)
        return Dictionary(uniqueKeysWithValues: postings.map { ($0.asset.name, $0.amount) })
    }
}

extension TestDevice {
    /// The fields of a push whose content is given as it travels.
    func fields(
        for content: [UInt8],
        to hq: RunningHQ,
        first: Int64 = 1,
        count: Int? = nil,
        encoding: String = Gzip.name
    ) -> [SignableRequest.Component] {
        let covered = PushRequestV1.covered(
            digest: ContentDigest.value(of: content),
            epoch: String(identity.epoch),
            first: String(first),
            count: String(count ?? lines.count)
        )
        let signature = RequestSignature(
            of: SignableRequest(
                method: "POST",
                authority: hq.authority,
                path: PushRequestV1.path(of: identity.device),
                query: nil,
                fields: covered
            ),
            createdS: hq.clock.nowMs / 1_000,
            nonce: Hex.text((0..<16).map { _ in UInt8.random(in: 0...255) }),
            signedBy: key
        )
        return covered + [
            .init("content-type", PushRequestV1.mediaType),
            .init("content-encoding", encoding),
            .init("signature-input", signature.inputValue),
            .init("signature", signature.value),
        ]
    }
}
