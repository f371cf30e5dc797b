import Foundation
import Testing

/// A draw with the programs: HQ announces and runs it, and anybody checks it.
struct DrawTests {
    private let directory: TemporaryDirectory
    private let hq = builtProgram("stamphq")
    private let verify = "\(builtProgram("stampctl")) draw verify"

    init() throws {
        directory = try TemporaryDirectory()
        try directory.run("\(hq) init --data hq")
    }

    /// Announces a draw of 2,000 members' tickets that closes in a moment, and runs it.
    private func draw(_ more: String = "") throws -> String {
        try directory.run(
            """
            \(hq) draws announce spring --data hq --prize 咖啡機 --winners 1 --prize latte \
            --winners 19 --closes "$(date -d '+2 seconds' --iso-8601=seconds)" > announced
            ! \(hq) draws run spring --data hq --out public 2> refused
            grep -q 'closes in' refused
            python3 -c "
            import sqlite3
            hq = sqlite3.connect('hq/hq.sqlite')
            rows = [(m, 'ticket/spring', 'never', 1 + m % 3) for m in range(1, 2001)]
            hq.executemany('INSERT INTO free VALUES (?, ?, ?, ?)', rows)
            hq.commit()"
            timeout -k1 120 bash -c 'until \(hq) draws run spring --data hq --out public > winners
            do sleep 0.2; done'
            cat winners
            """
        )
    }

    @Test func `a draw is announced, run once and checked by anybody`() throws {
        let told = try draw()
        let members = told.matches(of: /\b(\d{14})\b/).map { String($0.1) }
        #expect(Set(members).count == 20)
        #expect(told.contains("20 winners of 4001 tickets"))

        try directory.run(
            """
            cp -r public first
            \(hq) draws run spring --data hq --out public | diff - winners
            diff -r first public
            diff announced public/spring.announcement.json
            \(hq) draws list --data hq | grep '"winners":20'
            """
        )
        let checked = try directory.run(
            "cd public; \(verify) spring.proof.json spring.tickets.txt --announcement ../announced"
        )
        #expect(checked.contains("20 winners of 4001 tickets in 2000 lines, drawn as announced"))
        #expect(members.allSatisfy { !checked.contains($0) })
        try directory.run(
            """
            secret() { \(hq) draws entry spring $1 --data hq | sed -n 's/^secret *//p'; }
            cd public
            python3 \(packageRoot.path)/docs/verify-draw.py spring.proof.json spring.tickets.txt
            member=\(members[0]); secret=$(cd ..; secret $member)
            \(verify) spring.proof.json spring.tickets.txt --member $member --secret $secret > mine
            grep -q 'It won: 咖啡機' mine
            ! \(verify) spring.proof.json spring.tickets.txt --member \(members[1]) \
                --secret $secret 2> none
            grep -q 'no line of this member' none
            """
        )
    }

    @Test func `whoever checks is told what does not hold, and by the exit code`() throws {
        _ = try draw()
        for (change, status, words) in [
            ("sed -i 's/ 1$/ 2/; q' tickets", 1, "another one than was drawn from"),
            ("sed -i 's/\"seed\":\"./\"seed\":\"x/' proof", 1, "'seed' is missing or not"),
            ("sed -i 's/}$/} /' announced; echo {} >> announced", 1, "not JSON"),
            ("sed -i 's/latte/mocha/g' announced", 1, "another announcement"),
            ("rm tickets", 2, "There is no tickets"), ("rm proof", 2, "There is no proof"),
        ] {
            let text = try directory.run(
                """
                rm -rf check; mkdir check; cp announced check/announced
                cp public/spring.proof.json check/proof; cp public/spring.tickets.txt check/tickets
                cd check; \(change)
                \(verify) proof tickets --announcement announced 2>&1
                """,
                expecting: Int32(status)
            )
            #expect(text.contains(words), "\(change): \(text)")
        }
    }
}
