import Foundation
import Testing

/// `stampctl programme check` as a program: what marketing is told before it publishes.
struct ProgrammeCommandTests {
    @Test(
        arguments: [
            (["--on", "2027-12-31"], 0, "is in order"),
            (["--on", "2028-01-01"], 1, ":10:10: the programme ended on 2027-12-31"),
            (["--on", "soon"], 64, "use a date such as 2026-01-31"),
        ] as [([String], Int32, String)]
    )
    func `a programme is checked for a day of trade`(
        options: [String],
        status: Int32,
        words: String
    ) throws {
        let file = packageRoot.appending(path: "programmes/stamp-card.yaml").path

        let answer = try run("stampctl", ["programme", "check", file] + options)
        #expect(answer.status == status)
        #expect((answer.output + answer.errors).contains(words))
    }

    @Test func `the digits of each reward's sheet are printed`() throws {
        let file = packageRoot.appending(path: "programmes/star-rewards.yaml").path

        let answer = try run("stampctl", ["programme", "codes", file])
        #expect(answer.status == 0)
        #expect(
            answer.output.split(separator: "\n") == [
                "61000010149  small-drink  中杯飲料一杯 / a tall drink",
                "61000010246  drink  飲料券 / a drink",
                "61000010343  birthday  生日禮 / birthday cake",
                "60000000386  -  兌換 / hand over what is chosen",
            ]
        )
        let decoded = try run("stampctl", ["decode", "--json", "61000010149"])
        #expect(decoded.output.contains(#""command":"reward","rewardCode":101"#))
        #expect(try run("stampctl", ["decode", "60000000386"]).output.contains("command: redeem"))
    }

    @Test func `a programme without sheets says what to write`() throws {
        let file = packageRoot.appending(path: "programmes/points.yaml").path

        let answer = try run("stampctl", ["programme", "codes", file])
        #expect(answer.status == 1)
        #expect(answer.output.contains("add 'code: 101'"))
    }

    @Test func `the edition in force is not replaced by itself`() throws {
        let file = packageRoot.appending(path: "programmes/stamp-card.yaml").path

        let answer = try run(
            "stampctl",
            ["programme", "check", file, "--active", file, "--on", "2026-12-01"]
        )
        #expect(answer.status == 1)
        #expect(answer.errors.contains("version is 1, and the active one is 1: use 2 or more"))
    }
}
