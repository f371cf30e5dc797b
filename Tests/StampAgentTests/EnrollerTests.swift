import LoyaltyCore
import Synchronization
import SyncWire
import Testing

@testable import StampAgent

/// What a device makes of HQ's answers to its enrolment.
struct EnrollerTests {
    private let key = SigningKey()
    private let hq = SigningKey()

    @Test func `a clock that is off is corrected by HQ's, once`() async throws {
        let created = Mutex<[String]>([])
        let skew = Problem(.clockSkew, "skew", extras: [.init("serverMs", 1_790_000_000_000)])
        let enroller = Enroller(authority: "hq.example") { request in
            let input = request.fields.first { $0.name == "signature-input" }?.value ?? ""
            created.withLock { $0.append(input) }
            return PushReply(
                status: 401,
                mediaType: Problem.mediaType,
                retryAfterS: nil,
                content: skew.bytes
            )
        }

        await #expect(throws: EnrolmentFailure.problem(skew)) {
            _ = try await enrol(enroller)
        }

        let inputs = created.withLock { $0 }
        #expect(inputs.count == 2)
        #expect(inputs.first?.contains(";created=60;") == true)
        #expect(inputs.last?.contains(";created=1790000000;") == true)
    }

    @Test func `a portal's page and a dead line are not HQ's word`() async throws {
        let portal = Enroller(authority: "hq.example") { _ in
            PushReply(status: 201, mediaType: "text/html", retryAfterS: nil, content: [0x3C])
        }
        let dead = Enroller(authority: "hq.example") { _ in throw CancellationError() }

        await #expect(throws: EnrolmentFailure.notHQ("HTTP status 201, text/html")) {
            _ = try await enrol(portal)
        }
        await #expect(throws: EnrolmentFailure.unreachable("CancellationError()")) {
            _ = try await enrol(dead)
        }
    }

    @Test func `an enrolment is kept whole, and half of it or a changed one is none`() throws {
        let statement = DeviceStatementV1(identity: identity, store: "yongkang", issuedAtMs: 9)
        let enrolment = try #require(
            Enrolment(
                url: "https://hq.example",
                trustRootsPath: "/ca.pem",
                hqKey: hq.publicKey,
                statement: statement.json(signedBy: hq)
            )
        )

        #expect(Enrolment(parsing: enrolment.bytes) == enrolment)
        #expect(enrolment.store == "yongkang")
        #expect(enrolment.issuedAt == WallTime(unixMs: 9))
        for count in 0..<enrolment.bytes.count {
            #expect(Enrolment(parsing: Array(enrolment.bytes.prefix(count))) == nil)
        }
        let text = String(decoding: enrolment.bytes, as: UTF8.self)
        #expect(Enrolment(parsing: Array(text.replacing("yongkang", with: "x").utf8)) == nil)
    }

    @Test(
        arguments: [
            ("hq.example", "hq.example", 443), ("hq.example:8470", "hq.example", 8470),
            ("127.0.0.1:1", "127.0.0.1", 1), ("[::1]:8470", "::1", 8470), ("[::1]", "::1", 443),
        ]
    )
    func `host and port are found in an authority`(text: String, host: String, port: Int) {
        let place = HTTPLink.place(of: text)

        #expect(place.host == host)
        #expect(place.port == port)
    }

    private var identity: LogIdentity {
        LogIdentity(
            device: DeviceID(at: WallTime(unixMs: 60_000), random: [1]),
            epoch: 1,
            publicKey: key.publicKey.bytes,
            nonce: Array(repeating: 4, count: 16)
        )
    }

    private func enrol(_ enroller: Enroller) async throws {
        let code = try #require(EnrolmentCode("8Q2M40X1YZ"))
        _ = try await enroller.enrol(
            EnrolmentV1(
                code: code,
                identity: identity,
                hardware: .init(model: "", kernel: "", version: "")
            ),
            signedBy: key,
            expecting: nil,
            nowMs: 60_000
        )
    }
}
