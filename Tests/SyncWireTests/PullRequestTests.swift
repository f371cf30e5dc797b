import LoyaltyCore
import SyncWire
import Testing

/// HQ's request for a log, and the guard before it.
struct PullRequestTests {
    private let device = DeviceID(at: WallTime(unixMs: 1), random: [])
    private let key = SigningKey()
    private let nowMs: Int64 = 1_790_000_000_000

    @Test func `a query says what it was made of, in any order`() throws {
        let pull = PullRequestV1(device: device, epoch: 3, after: 1_500, countMax: 100)

        #expect(try PullRequestV1(device: device, query: pull.query) == pull)
        let turned = try PullRequestV1(device: device, query: "limit=100&after=1500&epoch=3")
        #expect(turned == pull)
        let usual = try PullRequestV1(device: device, query: "after=0&epoch=1")
        #expect(usual.countMax == BatchV1.entryCountMax)
    }

    @Test(arguments: [
        nil, "", "epoch=1", "after=1", "epoch=0&after=1", "epoch=1&after=-1", "epoch=1&after=x",
        "epoch=4294967296&after=0", "epoch=1&after=9007199254740993", "epoch=1&after=0&limit=0",
        "epoch=1&epoch=1&after=0", "epoch=1&after=0&limit",
    ])
    func `a query that is out of range or form is refused`(query: String?) throws {
        #expect {
            try PullRequestV1(device: device, query: query)
        } throws: {
            ($0 as? Problem)?.type == .badRequest
        }
    }

    @Test func `the largest numbers that the wire has are taken`() throws {
        let query = "epoch=4294967295&after=9007199254740992&limit=2147483647"

        #expect(try PullRequestV1(device: device, query: query).after == BatchHeaderV1.sequenceMax)
    }

    @Test(
        arguments: [
            (nil, 0), ("", 0), ("wait=30", 30), ("wait=55", 55), ("wait=56", 55), ("wait=0", 0),
            ("wait=-1", 0), ("respond-async, wait=10", 10), ("WAIT=5; foo", 5), ("wait", 0),
            ("wait=99999999999999999999", 0),
        ] as [(String?, Int64)]
    )
    func `a wish to wait is heard up to the longest`(preference: String?, seconds: Int64) {
        #expect(PullRequestV1.waitSeconds(preference: preference) == seconds)
    }

    @Test func `the owner of the key is let in, once with each signature`() throws {
        var gate = RequestGuard(key: key.publicKey)
        let signature = sign(request(), nonce: "a")

        try check(&gate, request(), signature)
        #expect(throws: Problem.nonceUsed) { try check(&gate, request(), signature) }
        try check(&gate, request(), sign(request(), nonce: "b"))
    }

    @Test func `another key, another request and no signature are refused with 401`() throws {
        var gate = RequestGuard(key: key.publicKey)
        let foreign = sign(request(), nonce: "a", by: SigningKey())
        let moved = sign(request(query: "epoch=1&after=7"), nonce: "b")

        for signature in [foreign, moved, nil] {
            #expect {
                try check(&gate, request(), signature)
            } throws: {
                ($0 as? Problem)?.type == .signatureInvalid && ($0 as? Problem)?.type.status == 401
            }
        }
    }

    @Test(arguments: [(-300, true), (-301, false), (300, true), (301, false)])
    func `a signature is good for five minutes around now, both ways`(
        offsetS: Int64,
        isGood: Bool
    ) throws {
        var gate = RequestGuard(key: key.publicKey)
        let signature = sign(request(), nonce: "a", offsetS: offsetS)

        guard !isGood else { return try check(&gate, request(), signature) }
        #expect {
            try check(&gate, request(), signature)
        } throws: {
            ($0 as? Problem)?.type == .clockSkew
                && ($0 as? Problem)?["serverMs"] == .integer(nowMs)
        }
    }

    @Test func `as many nonces are kept as named, and the oldest goes first`() {
        var memory = NonceMemory(countMax: 3)
        let answers = ["a", "b", "c", "c", "d", "a"].map { memory.take($0, nowMs: nowMs) }

        #expect(answers == [true, true, true, false, true, true])
    }

    @Test func `a nonce is remembered for its life and not longer`() {
        var memory = NonceMemory(countMax: 3)
        let lifeMs = RequestSignature.nonceLifeS * 1_000
        let answers = [0, lifeMs, lifeMs + 1].map { memory.take("a", nowMs: nowMs + $0) }

        #expect(answers == [true, false, true])
    }

    private func request(query: String = "epoch=1&after=0") -> SignableRequest {
        SignableRequest(
            method: "GET",
            authority: "store.example:8738",
            path: PushRequestV1.path(of: device),
            query: query,
            fields: []
        )
    }

    private func sign(
        _ request: SignableRequest,
        nonce: String,
        offsetS: Int64 = 0,
        by other: SigningKey? = nil
    ) -> RequestSignature? {
        RequestSignature(
            of: request,
            createdS: nowMs / 1_000 + offsetS,
            nonce: nonce,
            signedBy: other ?? key
        )
    }

    private func check(
        _ gate: inout RequestGuard,
        _ request: SignableRequest,
        _ signature: RequestSignature?
    ) throws {
        try gate.check(
            request,
            inputValue: signature?.inputValue,
            value: signature?.value,
            nowMs: nowMs
        )
    }
}
