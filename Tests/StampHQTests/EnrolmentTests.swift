import Foundation
import GRDB
import LoyaltyCore
import NIOHTTP1
import SyncWire
import Testing

@testable import StampHQ

/// `POST /v1/devices`: a device with a code gets in, and nobody else.
struct EnrolmentTests {
    @Test func `a device with a code gets in and pushes, and a lost reply costs no code`()
        async throws
    {
        try await RunningHQ.run { hq in
            var device = try TestDevice()
            try device.award("P1/1")
            let code = try await hq.enrolmentCode(label: "Yongkang, left")

            let first = try await hq.enrol(device, code)
            hq.clock.advance(seconds: 60)
            let second = try await hq.enrol(device, code)

            #expect(first.status == 201)
            #expect(second.status == 201)
            let answers = try [first, second].map { try #require(EnrolledV1(parsing: $0.bytes)) }
            #expect(answers[0].statement == answers[1].statement)
            #expect(answers[1].serverMs == answers[0].serverMs + 60_000)
            let (key, statement) = try answers[1].checked(for: device.identity, expecting: nil)
            #expect(key == hq.hq.publicKey)
            #expect(statement.identity == device.identity)
            #expect(statement.store == "yongkang")
            #expect(try await hq.pushed(device.batch(), by: device).received.sequence == 1)
            let list = String(decoding: try await hq.read("/v1/devices").bytes, as: UTF8.self)
            #expect(list.contains(#""label":"Yongkang, left","store":"yongkang""#))
            #expect(list.contains(#""hardware":{"model":"Box","kernel":"Linux","version":"0"}"#))
        }
    }

    @Test func `a code lets only one device in, and that one with the same key`() async throws {
        try await RunningHQ.run { hq in
            let (device, other) = (try TestDevice(1), try TestDevice(2))
            let code = try await hq.enrolmentCode()
            #expect(try await hq.enrol(device, code).status == 201)

            #expect(try await hq.enrol(other, code).problem?.type == .enrolmentUsed)
            #expect(try await hq.hq.store.device(other.identity.device) == nil)
        }
    }

    @Test func `a code ends after its life, also for the device that used it`() async throws {
        try await RunningHQ.run { hq in
            let lifeS = EnrolmentCode.lifeMs / 1_000
            let (used, unused, late) = (
                try await hq.enrolmentCode(), try await hq.enrolmentCode(),
                try await hq.enrolmentCode()
            )
            hq.clock.advance(seconds: lifeS - 1)
            #expect(try await hq.enrol(try TestDevice(1), used).status == 201)
            #expect(try await hq.enrol(try TestDevice(2), unused).status == 201)
            hq.clock.advance(seconds: 1)

            #expect(try await hq.enrol(try TestDevice(1), used).problem?.type == .enrolmentExpired)
            #expect(try await hq.enrol(try TestDevice(3), late).problem?.type == .enrolmentExpired)
            // A device that is in may come with a new code.
            #expect(try await hq.enrol(try TestDevice(1), hq.enrolmentCode()).status == 201)
        }
    }

    @Test(arguments: [EnrolmentCode.tryCountMax - 1, EnrolmentCode.tryCountMax])
    func `wrong tries are counted under the code's name, and the last one is an alarm`(
        count: Int64
    ) async throws {
        try await RunningHQ.run { hq in
            let device = try TestDevice()
            let code = try await hq.enrolmentCode()
            for _ in 0..<count {
                let answer = try await hq.enrol(device, Self.neighbour(of: code))
                #expect(answer.problem?.type == .enrolmentInvalid)
            }

            let isOpen = count < EnrolmentCode.tryCountMax
            let answer = try await hq.enrol(device, code)
            #expect(answer.problem?.type == (isOpen ? nil : .enrolmentExhausted))
            let alarms = String(decoding: try await hq.read("/v1/alarms").bytes, as: UTF8.self)
            #expect(alarms.contains("enrolment-exhausted") == !isOpen)
            #expect(alarms.contains("yongkang") == !isOpen)
        }
    }

    @Test func `wrong codes of another name cost an open code nothing`() async throws {
        try await RunningHQ.run { hq in
            let device = try TestDevice()
            let code = try await hq.enrolmentCode()
            let first: Character = code.text.first == "A" ? "B" : "A"
            let other = try #require(EnrolmentCode("\(first)" + code.text.dropFirst()))
            for _ in 0...EnrolmentCode.tryCountMax {
                #expect(try await hq.enrol(device, other).problem?.type == .enrolmentInvalid)
            }

            #expect(try await hq.enrol(device, code).status == 201)
            // A code that was used is not ended by tries after it: its device may ask again.
            for _ in 0...EnrolmentCode.tryCountMax {
                _ = try await hq.enrol(try TestDevice(2), Self.neighbour(of: code))
            }
            #expect(try await hq.enrol(device, code).status == 201)
        }
    }

    @Test func `a request that the key did not sign, an old one and a repeated one are refused`()
        async throws
    {
        try await RunningHQ.run { hq in
            let device = try TestDevice()
            let code = try await hq.enrolmentCode()

            let forged = hq.enrolment(device, code, signedBy: try TestDevice(2).key)
            #expect(try await hq.send(forged).problem?.type == .signatureInvalid)
            for offsetS in [-RequestSignature.skewSMax - 1, RequestSignature.skewSMax + 1] {
                let request = hq.enrolment(device, code, offsetS: offsetS)
                let problem = try await hq.send(request).problem
                #expect(problem?.type == .clockSkew)
                #expect(problem?["serverMs"]?.integerValue == hq.clock.nowMs)
            }
            let good = hq.enrolment(device, code, offsetS: RequestSignature.skewSMax)
            #expect(try await hq.send(good).status == 201)
            #expect(try await hq.send(good).problem?.type == .signatureInvalid)
        }
    }

    @Test func `a body that was changed or is something else is refused`() async throws {
        try await RunningHQ.run { hq in
            let request = hq.enrolment(try TestDevice(), try await hq.enrolmentCode())
            let bodies = [
                request.content + [0x20], Array("{}".utf8), [],
                Array(repeating: 0x20, count: EnrolmentV1.byteCountMax + 1),
            ]
            for body in bodies {
                let answer = try await hq.send(.POST, "/v1/devices", request.fields, body)
                #expect(answer.problem?.type == .badRequest, "\(body.count)")
            }
            let fields = request.fields.filter { $0.name != "content-type" }
            let answer = try await hq.send(.POST, "/v1/devices", fields, request.content)
            #expect(answer.problem?.type == .encoding)
        }
    }

    @Test func `a device of another key or a revoked one does not get in, and keeps the code`()
        async throws
    {
        try await RunningHQ.run { hq in
            let device = try TestDevice(1)
            try await device.join(hq)
            var thief = try TestDevice(2)
            thief.identity = LogIdentity(
                device: device.identity.device,
                epoch: 1,
                publicKey: thief.key.publicKey.bytes,
                nonce: thief.identity.nonce
            )
            let code = try await hq.enrolmentCode()

            #expect(try await hq.enrol(thief, code).problem?.type == .badRequest)
            try await hq.hq.store.revokeDevice(device.identity.device)
            #expect(try await hq.enrol(device, code).problem?.type == .deviceRevoked)
            #expect(try await hq.enrol(try TestDevice(3), code).status == 201)
        }
    }

    @Test func `the database holds no code, and its hashes need HQ's key`() async throws {
        try await RunningHQ.run { hq in
            let code = try await hq.enrolmentCode()
            let kept = try await hq.hq.store.queue.read { db in
                let row = try Row.fetchOne(db, sql: "SELECT * FROM enrolment")
                return ["\(row ?? [:])"]
                    + [row?["name"], row?["proof"]].map { (data: Data?) in
                        data.map { Hex.text($0) } ?? ""
                    }
            }

            #expect(kept.allSatisfy { !$0.contains(code.text) && $0.count >= 64 })
            let (own, other) = (try hq.seal, EnrolmentSeal(seed: Array(repeating: 7, count: 32)))
            #expect(kept[1] == Hex.text(own.name(of: code)))
            #expect(kept[2] == Hex.text(own.proof(of: code)))
            #expect(kept[1] != Hex.text(other.name(of: code)))
            #expect(kept[2] != Hex.text(other.proof(of: code)))
        }
    }

    @Test(arguments: [("", "l"), ("Yongkang", "l"), ("yongkang", ""), ("y", "80+1")])
    func `a store or label of another form gets no code`(
        store: String,
        label: String
    ) async throws {
        try await RunningHQ.run { hq in
            let label = label == "80+1" ? String(repeating: "x", count: 81) : label
            await #expect(throws: Problem.self) {
                _ = try await hq.enrolmentCode(store: store, label: label)
            }
        }
    }

    /// A code with the same name and another proof.
    private static func neighbour(of code: EnrolmentCode) -> EnrolmentCode {
        let last: Character = code.text.last == "0" ? "1" : "0"
        guard let other = EnrolmentCode(code.text.dropLast() + "\(last)") else { return code }
        return other
    }
}

extension RunningHQ {
    /// Makes a code, as the operator's command has HQ make one.
    func enrolmentCode(
        store name: String = "yongkang",
        label: String = "Yongkang"
    ) async throws -> EnrolmentCode {
        let random = (0..<EnrolmentCode.randomByteCount).map { _ in UInt8.random(in: 0...255) }
        let code = EnrolmentCode(random: random)
        let added = try await hq.store.addEnrolment(code, seal: seal, store: name, label: label)
        _ = try #require(added)
        return code
    }

    var seal: EnrolmentSeal {
        get throws {
            let text = try String(contentsOfFile: "\(directory)/hq.key", encoding: .utf8)
            let seed = Hex.bytes(text.trimmingCharacters(in: .whitespacesAndNewlines))
            return EnrolmentSeal(seed: try #require(seed))
        }
    }

    func enrolment(
        _ device: TestDevice,
        _ code: EnrolmentCode,
        offsetS: Int64 = 0,
        signedBy other: SigningKey? = nil
    ) -> EnrolmentRequestV1 {
        EnrolmentRequestV1(
            EnrolmentV1(
                code: code,
                identity: device.identity,
                hardware: .init(model: "Box", kernel: "Linux", version: "0")
            ),
            authority: authority,
            createdS: clock.nowMs / 1_000 + offsetS,
            nonce: Hex.text((0..<16).map { _ in UInt8.random(in: 0...255) }),
            signedBy: other ?? device.key
        )
    }

    func send(_ request: EnrolmentRequestV1) async throws -> Answer {
        try await send(.POST, EnrolmentRequestV1.path, request.fields, request.content)
    }

    func enrol(_ device: TestDevice, _ code: EnrolmentCode) async throws -> Answer {
        try await send(enrolment(device, code))
    }
}
