import LoyaltyCore
import SyncWire
import Testing

/// Problems of SYNC.md 2.6 on the wire.
struct ProblemTests {
    @Test(arguments: ProblemType.allCases)
    func `every problem type survives the wire`(type: ProblemType) throws {
        let problem = Problem(type, "what happened", extras: [.init("expected", 7)])

        let read = try #require(Problem(parsing: problem.bytes))
        #expect(read == problem)
        #expect(read["expected"] == 7)
        #expect((400...599).contains(type.status))
    }

    @Test func `a problem has the members of RFC 9457`() {
        #expect(
            String(decoding: Problem(.logGap, "Send entry 4 next.").bytes, as: UTF8.self)
                == #"{"type":"urn:stampd:problem:log-gap","#
                + #""title":"Entries before the batch are missing","status":409,"#
                + #""detail":"Send entry 4 next."}"#
        )
    }

    @Test(
        arguments: [
            "", "<html></html>", "{}", #"{"type":"about:blank","status":502}"#,
            #"{"type":"urn:stampd:problem:else"}"#,
        ]
    )
    func `someone else's error is no problem of ours`(body: String) {
        #expect(Problem(parsing: Array(body.utf8)) == nil)
    }
}
