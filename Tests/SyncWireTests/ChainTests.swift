import LoyaltyCore
import SyncWire
import Testing

/// The log's chain against hashes computed by another program from SYNC.md 2.1.
struct ChainTests {
    let key = Base64.bytes("JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=")

    @Test func `the chain starts from device, epoch, key and nonce`() throws {
        let identity = LogIdentity(
            device: try #require(DeviceID("018f0000-0000-7000-8000-000000000001")),
            epoch: 1,
            publicKey: try #require(key),
            nonce: Array(0..<16)
        )

        #expect(
            Hex.text(identity.genesis.bytes)
                == "1887fb88a6edd8d15669b2ee0c17934aa974052cca08d2a1b424ae2f2a1cae89"
        )
        #expect(
            Hex.text(identity.genesis.extended(by: 1, Array(#"{"seq":1}"#.utf8)).bytes)
                == "c5d4db7d9421ef11559ac37e1c8f2fc06cfa0b5a8493e213742eb16790db05d0"
        )
    }

    @Test func `a key is named by the first 16 digits of its hash`() throws {
        #expect(KeyID(of: try #require(key)).text == "b16c2d1bead12626")
    }

    @Test(
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ]
    )
    func `base64 follows the vectors of RFC 4648 section 10`(plain: String, encoded: String) {
        #expect(Base64.text(Array(plain.utf8)) == encoded)
        #expect(Base64.bytes(encoded) == Array(plain.utf8))
    }

    @Test(arguments: ["Zg", "Zg=", "Zh==", "Zm9v\n", "Z===", "====", "Zm=v", "Zm9_"])
    func `base64 in another spelling is refused`(text: String) {
        #expect(Base64.bytes(text) == nil)
    }
}
