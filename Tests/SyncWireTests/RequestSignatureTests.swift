import Testing

@testable import SyncWire

/// Signed requests, first of all against the example of RFC 9421.
struct RequestSignatureTests {
    /// RFC 9421 appendix B.1.4: the Ed25519 test key.
    let rfcSeed = "n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU="

    @Test func `the signature base gives the signature of RFC 9421 appendix B section 2 6`() throws
    {
        let request = SignableRequest(components: [
            .init("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
            .init("@method", "POST"),
            .init("@path", "/foo"),
            .init("@authority", "example.com"),
            .init("content-type", "application/json"),
            .init("content-length", "18"),
        ])
        let parameters = request.nameList + #";created=1618884473;keyid="test-key-ed25519""#
        let key = try #require(Base64.bytes(rfcSeed).flatMap(SigningKey.init(seed:)))

        #expect(
            Base64.text(key.signature(for: Array(request.signatureBase(parameters).utf8)))
                == "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jr"
                + "nDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WP"
                + "pBKRCw=="
        )
        #expect(
            Base64.text(key.publicKey.bytes) == "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="
        )
    }

    @Test func `the digest is that of RFC 9530 appendix D`() {
        #expect(
            ContentDigest.value(of: Array("{\"hello\": \"world\"}".utf8))
                == "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
        )
    }

    let key = SigningKey()

    private func request(
        authority: String = "hq.example:8443",
        count: String = "3"
    ) -> SignableRequest {
        SignableRequest(
            method: "POST",
            authority: authority,
            path: "/v1/devices/d/log",
            query: nil,
            fields: PushRequestV1.covered(
                digest: ContentDigest.value(of: []),
                epoch: "1",
                first: "1",
                count: count
            )
        )
    }

    @Test func `a signature read from its fields holds for its request and key only`() throws {
        let signed = RequestSignature(
            of: request(),
            createdS: 1_790_000_000,
            nonce: "n-1",
            signedBy: key
        )

        let read = try RequestSignature(inputValue: signed.inputValue, value: signed.value)
        #expect(read == signed)
        #expect(read.isValid(for: request(), key: key.publicKey))
        #expect(read.isValid(for: request(authority: "HQ.example:8443"), key: key.publicKey))
        #expect(!read.isValid(for: request(authority: "evil.example"), key: key.publicKey))
        #expect(!read.isValid(for: request(count: "4"), key: key.publicKey))
        #expect(!read.isValid(for: request(), key: SigningKey().publicKey))
    }

    @Test func `the covered parts are named in the protocol's order`() {
        let signed = RequestSignature(of: request(), createdS: 1, nonce: "n", signedBy: key)

        #expect(
            signed.inputValue
                == #"s=("@method" "@authority" "@path" "@query" "content-digest" "log-epoch" "#
                + #""log-first" "log-count");created=1;nonce="n";"#
                + #"keyid="\#(key.keyID.text)";alg="ed25519""#
        )
    }

    @Test func `a signature that covers fewer parts is refused`() throws {
        let all = request()
        let fewer = SignableRequest(components: all.components.dropLast())
        let signed = RequestSignature(of: fewer, createdS: 1, nonce: "n", signedBy: key)

        #expect(signed.isValid(for: fewer, key: key.publicKey))
        #expect(!signed.isValid(for: all, key: key.publicKey))
    }

    @Test(
        arguments: [
            ("s=(", "t=("), (";alg=\"ed25519\"", ""), ("ed25519", "hmac-sha256"),
            ("created=1", "created=x"), ("created=1", "created=-1"),
            ("created=1", "created=1;created=2"), ("nonce=\"n\"", "nonce=\"\""),
            ("nonce=\"n\"", "nonce=\"a\\\"b\""), ("keyid=\"", "keyid=\"zz"),
            (";alg", ";expires=9;alg"), (";alg", "; alg"), ("created=1", "created"),
        ]
    )
    func `a signature input out of form is refused`(old: String, new: String) throws {
        let signed = RequestSignature(of: request(), createdS: 1, nonce: "n", signedBy: key)
        let text = signed.inputValue
        let range = try #require(text.firstRange(of: old))

        #expect(throws: RequestSignatureError.self) {
            try RequestSignature(
                inputValue: text[..<range.lowerBound] + new + text[range.upperBound...],
                value: signed.value
            )
        }
    }

    @Test func `a push carries what its signature covers`() throws {
        let log = try SampleLog()
        let push = PushRequestV1(
            log.batch,
            authority: "127.0.0.1:8080",
            createdS: 1_790_000_000,
            nonce: "abc",
            signedBy: log.key
        )
        let values = Dictionary(uniqueKeysWithValues: push.fields.map { ($0.name, $0.value) })

        #expect(push.path == "/v1/devices/018f0000-0000-7000-8000-000000000001/log")
        #expect(try Gzip.decompress(push.content) == log.batch.bytes)
        #expect(ContentDigest.isValid(values["content-digest"] ?? "", for: push.content))
        let read = try RequestSignature(
            inputValue: values["signature-input"] ?? "",
            value: values["signature"] ?? ""
        )
        let request = SignableRequest(
            method: "POST",
            authority: "127.0.0.1:8080",
            path: push.path,
            query: nil,
            fields: Array(push.fields.prefix(4))
        )
        #expect(read.isValid(for: request, key: log.key.publicKey))
    }
}
