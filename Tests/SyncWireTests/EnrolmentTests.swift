import LoyaltyCore
import SyncWire
import Testing

/// Enrolment codes, and what a device and HQ tell each other with them (SYNC.md section 2.9).
struct EnrolmentTests {
    private let key: SigningKey
    private let hq: SigningKey

    init() throws {
        key = try #require(SigningKey(seed: Array(repeating: 1, count: 32)))
        hq = try #require(SigningKey(seed: Array(repeating: 2, count: 32)))
    }

    @Test func `a code has ten characters without I, L, O and U, and all its bits count`() throws {
        let none = EnrolmentCode(random: Array(repeating: 0, count: 7))
        let all = EnrolmentCode(random: Array(repeating: 255, count: 7))

        #expect(none.text == "0000000000")
        #expect(all.text == "ZZZZZZZZZZ")
        #expect(all.spelling == "ZZZZZ-ZZZZZ")
        #expect(all.name == "ZZZZ")
        var seen: Set<String> = []
        for bit in 0..<50 {
            let bits = UInt64(1) << bit
            let random = (0..<7).map { UInt8(truncatingIfNeeded: bits >> (48 - 8 * $0)) }
            let text = EnrolmentCode(random: random).text
            #expect(EnrolmentCode(text)?.text == text)
            seen.insert(text)
        }
        #expect(seen.count == 50)
    }

    @Test(arguments: ["8Q2M4-0X1YZ", "8q2m4ox1yz", "8Q2M4 OXLYZ", "8-q-2-m-4-0-x-i-y-z"])
    func `a code is read as people type it`(typed: String) {
        #expect(EnrolmentCode(typed)?.text == "8Q2M40X1YZ")
    }

    @Test(
        arguments: [
            "", "8Q2M40X1Y", "8Q2M40X1YZZ", "8Q2M40X1YU", "8Q2M40X1Y\u{FF3A}", "8Q2M4_0X1YZ",
            String(repeating: "-", count: 1_000) + "8Q2M40X1YZ",
        ]
    )
    func `anything else is no code`(typed: String) {
        #expect(EnrolmentCode(typed) == nil)
    }

    @Test func `what a device says survives the wire, up to its limits`() throws {
        let long = String(repeating: "x", count: EnrolmentV1.Hardware.characterCountMax)
        let wish = EnrolmentV1(
            code: try #require(EnrolmentCode("8Q2M40X1YZ")),
            identity: identity(),
            hardware: .init(model: long + "cut", kernel: long, version: long)
        )

        #expect(wish.hardware.model == long)
        #expect(EnrolmentV1(parsing: wish.bytes) == wish)
        #expect(wish.bytes.count < EnrolmentV1.byteCountMax)
        let text = String(decoding: wish.bytes, as: UTF8.self)
        let wrong = [
            text.replacing(long, with: long + "x"), text.replacing("\"v\":1", with: "\"v\":2"),
            text.replacing("8Q2M40X1YZ", with: "8Q2M40X1YU"), text.replacing("-7", with: "-4"),
            text + String(repeating: " ", count: EnrolmentV1.byteCountMax),
        ]
        for body in wrong { #expect(EnrolmentV1(parsing: Array(body.utf8)) == nil, "\(body)") }
    }

    @Test func `a request is signed by the key that it brings`() throws {
        let wish = EnrolmentV1(
            code: try #require(EnrolmentCode("8Q2M40X1YZ")),
            identity: identity(),
            hardware: .init(model: "m", kernel: "k", version: "v")
        )
        let request = EnrolmentRequestV1(
            wish,
            authority: "hq.example",
            createdS: 1_790_000_000,
            nonce: "n",
            signedBy: key
        )

        let field = { (name: String) in request.fields.first { $0.name == name }?.value ?? "" }
        let signature = try RequestSignature(
            inputValue: field("signature-input"),
            value: field("signature")
        )
        let signable = SignableRequest(
            method: "POST",
            authority: "hq.example",
            path: "/v1/devices",
            query: nil,
            fields: [.init("content-digest", ContentDigest.value(of: request.content))]
        )
        #expect(signature.isValid(for: signable, key: key.publicKey))
        #expect(!signature.isValid(for: signable, key: hq.publicKey))
        #expect(
            field("signature-input").hasPrefix(
                #"s=("@method" "@authority" "@path" "@query" "content-digest");created=1790000000"#
            )
        )
    }

    @Test func `an answer is checked against the device and HQ's key`() throws {
        let answer = try #require(EnrolledV1(parsing: answer().bytes))

        let first = try answer.checked(for: identity(), expecting: nil)
        #expect(first.key == hq.publicKey)
        #expect(first.statement.store == "yongkang")
        #expect(first.statement.notAfterMs == 1_000 + DeviceStatementV1.lifeMs)
        #expect(try answer.checked(for: identity(), expecting: hq.publicKey).key == hq.publicKey)
        #expect(throws: EnrolledError.otherKey(found: [hq.keyID])) {
            try answer.checked(for: identity(), expecting: key.publicKey)
        }
        for other in [identity(nonce: 9), identity(key: hq), identity(number: 9)] {
            #expect(throws: EnrolledError.otherDevice) {
                try answer.checked(for: other, expecting: nil)
            }
        }
    }

    @Test func `an answer that HQ's key did not sign, or that does not hold, is refused`() throws {
        let forged = answer(signedBy: key)
        #expect(throws: EnrolledError.signatureInvalid) {
            try forged.checked(for: identity(), expecting: nil)
        }
        let statement = String(decoding: answer().bytes, as: UTF8.self)
        let changed = try #require(
            EnrolledV1(parsing: Array(statement.replacing("yongkang", with: "ximen").utf8))
        )
        #expect(throws: EnrolledError.signatureInvalid) {
            try changed.checked(for: identity(), expecting: nil)
        }
        for serverMs in [999, 1_000 + DeviceStatementV1.lifeMs] {
            #expect(throws: EnrolledError.expired) {
                try answer(serverMs: serverMs).checked(for: identity(), expecting: nil)
            }
        }
        #expect(EnrolledV1(parsing: Array("<html>".utf8)) == nil)
    }

    private func identity(number: UInt8 = 3, nonce: UInt8 = 4, key other: SigningKey? = nil)
        -> LogIdentity
    {
        LogIdentity(
            device: DeviceID(at: WallTime(unixMs: 1_700_000_000_000), random: [number]),
            epoch: 1,
            publicKey: (other ?? key).publicKey.bytes,
            nonce: Array(repeating: nonce, count: 16)
        )
    }

    private func answer(signedBy other: SigningKey? = nil, serverMs: Int64 = 1_000) -> EnrolledV1 {
        let statement = DeviceStatementV1(
            identity: identity(),
            store: "yongkang",
            issuedAtMs: 1_000
        )
        return EnrolledV1(
            statement: statement.json(signedBy: other ?? hq),
            keys: [hq.publicKey],
            hqEpoch: 1,
            serverMs: serverMs
        )
    }
}
