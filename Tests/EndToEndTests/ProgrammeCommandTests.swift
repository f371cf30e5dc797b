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
