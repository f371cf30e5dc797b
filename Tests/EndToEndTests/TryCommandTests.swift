import Foundation
import LoyaltyCore
import Testing

/// `stampctl programme try` as a program: files in, answers and a summary out.
struct TryCommandTests {
    private static let head = """
        programme: p
        version: 1
        title: {zh-Hant: 集點, en: Rewards}
        currency: TWD
        utcOffset: "+08:00"
        from: 2026-01-01
        through: 2027-12-31
        amountMax: 100000

        """

    private let directory: TemporaryDirectory
    private let stampctl = builtProgram("stampctl")

    init() throws {
        directory = try TemporaryDirectory()
        try write(Self.head + "rules: [{id: base, give: 1, per: 35}]\n", to: "p.yaml")
        try write(
            """
            {"key":"A1","member":"X","date":"2026-03-03","amount":215}
            {"key":"A2","member":"Y","date":"2026-03-03","amount":34}
            {"type":"cancel","key":"C1","of":"A1","date":"2026-03-04"}

            """,
            to: "sales.ndjson"
        )
    }

    private func write(_ text: String, to name: String) throws {
        let url = directory.url.appendingPathComponent(name)
        try text.write(to: url, atomically: true, encoding: .utf8)
    }

    private func lines(_ arguments: String, expecting status: Int32 = 0) throws -> [Substring] {
        let script = "\(stampctl) programme try p.yaml \(arguments)"
        return try directory.run(script, expecting: status).split(separator: "\n")
    }

    @Test func `each input has its answer, and the summary comes last`() throws {
        let answers = try lines("--sales sales.ndjson --json").map { line in
            try CanonicalJSON(parsing: line.utf8)
        }

        #expect(answers.count == 4)
        #expect(answers[0]["decision"] == "award")
        #expect(answers[0]["postings"]?.arrayValue?.first?["amount"] == 6)
        #expect(
            answers[0]["explain"]?.arrayValue?.first?["zh-Hant"]
                == "消費 $215，每滿 $35 得 1 點 → 6 點"
        )
        #expect(answers[1]["reason"] == "amount-too-small")
        #expect(answers[2]["balances"]?["points"] == 0)
        let points = answers[3]["summary"]?["assets"]?["points"]
        #expect(points?["earned"] == 6)
        #expect(points?["takenBack"] == 6)
    }

    @Test func `people get short lines and a summary in words`() throws {
        #expect(
            try lines("--sales sales.ndjson --brief") == [
                "A1: +6 points; due 215; points=6", "A2: refused amount-too-small; points=0",
                "C1: -6 points; points=0", "p version 1",
                "3 inputs: 2 awards, 1 refusals, 0 repeats, 0 drafts; 2 members",
                "  refused, amount-too-small: 1",
                "points: earned 6, spent 0, takenBack 6, expired 0, held 0",
                "sold 0, cost of rewards 0, liability 0",
            ]
        )
    }

    @Test func `a pipe is played as a file is`() throws {
        let file = try lines("--sales sales.ndjson --json")

        #expect(try lines("--sales - --json < sales.ndjson") == file)
        #expect(try lines("--sales <(cat sales.ndjson) --json") == file)
    }

    @Test func `every mistake of a file is told, and nothing is played`() throws {
        try write(
            """
            {"key":"A1","member":"X","date":"2026-03-03","amount":215}
            {"key":"A2","member":"X","date":"2026-03-03","amont":215}
            nothing
            """,
            to: "bad.ndjson"
        )

        #expect(
            try lines("--sales bad.ndjson 2>&1", expecting: 1) == [
                "bad.ndjson:2: a sale has no 'amont': write 'amount'",
                "bad.ndjson:3: not JSON at byte 0: write one JSON object on each line",
                "Error: bad.ndjson: mistakes: 2; nothing was played.",
            ]
        )
        #expect(
            try lines("--sales none.ndjson 2>&1", expecting: 1) == [
                "Error: none.ndjson: the file cannot be read (No such file or directory): check the"
                    + " path"
            ]
        )
    }

    @Test func `a line beyond the limit is refused, and one at the limit is read`() throws {
        let line = #"{"key":"A1","member":"X","date":"2026-03-03","amount":215}"#
        let space = String(repeating: " ", count: 65_536 - line.utf8.count)
        try write(line + space + "\n", to: "long.ndjson")
        try write(line + space + " \n", to: "longer.ndjson")

        #expect(try lines("--sales long.ndjson --json").count == 2)
        #expect(
            try lines("--sales longer.ndjson 2>&1", expecting: 1) == [
                "Error: longer.ndjson:1: the line has more than 65536 bytes: write one JSON object"
                    + " on each line"
            ]
        )
    }

    @Test func `another programme's answers are compared`() throws {
        try write(Self.head + "rules: [{id: base, give: 2, per: 35}]\n", to: "new.yaml")
        let json = try #require(
            try lines("--sales sales.ndjson --against new.yaml --json").last
        )
        let difference = try CanonicalJSON(parsing: json.utf8)["difference"]

        #expect(difference?["inputs"] == 2)
        #expect(difference?["assets"]?["points"]?["earned"] == -6)
        #expect(difference?["first"]?.arrayValue?.first?["key"] == "A1")
    }

    @Test func `a member begins with what the members' file says`() throws {
        try write(
            #"{"member":"X","balances":[{"asset":"points","amount":100}]}"# + "\n",
            to: "members.ndjson"
        )

        #expect(
            try lines("--sales sales.ndjson --members members.ndjson --brief").first
                == "A1: +6 points; due 215; points=106"
        )
    }

    /// The program may wait for the pipe's next line when the signal comes, or just have read one.
    @Test func `the first Ctrl-C ends with the summary so far`() throws {
        let told = try directory.run(
            """
            mkfifo sales
            \(stampctl) programme try p.yaml --sales sales --brief > out 2> told &
            exec 3> sales
            echo '{"key":"A1","member":"X","date":"2026-03-03","amount":215}' >&3
            timeout -k1 60 bash -c 'until [ -s out ]; do sleep 0.1; done'
            kill -INT $!
            exec 3>&-
            wait $! || echo "status $?"
            cat told out
            """
        )

        #expect(
            told.split(separator: "\n").prefix(5) == [
                "status 130", "stopped near line 1; so far:", "A1: +6 points; due 215; points=6",
                "p version 1", "1 inputs: 1 awards, 0 refusals, 0 repeats, 0 drafts; 1 members",
            ]
        )
    }
}
