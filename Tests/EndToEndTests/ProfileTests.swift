import Documents
import Foundation
import LoyaltyCore
import ScanCodec
import SyncWire
import Testing

/// What works only if HQ, the store and a manager's phone play together, by the programs we ship.
@Suite(.timeLimit(.minutes(5)))
struct ProfileTests {
    private let hq = builtProgram("stamphq")
    private let ctl = builtProgram("stampctl")

    private static let programme = """
        programme: family
        version: 1
        title: {zh-Hant: 青田, en: Qingtian}
        currency: TWD
        utcOffset: "+08:00"
        from: 2020-01-01
        through: 2099-12-31
        amountMax: 100000
        assets:
          - {asset: points, expiry: {monthEnd: 12}, worth: 1}
        rules:
          - {id: base, per: 100, give: 1}
          - {id: cake, bonus: 20, when: {birthday: month}}
          - {id: minor, bonus: 30, when: {on: recovery, subject: minor}}

        """

    @Test func `a birthday from HQ gives at the till, and HQ decides the same`() throws {
        let (home, place) = (try TemporaryDirectory(), try TemporaryDirectory())
        let (server, store) = try join(home, place)
        let month = BusinessDate(at: Self.now, in: .taipei).month
        try "number,name,birthday\n00000000000123,王小明,1990-\(month < 10 ? "0" : "")\(month)-15\n"
            .write(toFile: "\(home.url.path)/members.csv", atomically: true, encoding: .utf8)
        try home.run("\(hq) members import members.csv --data hq")
        let body = #"{"key":"P1/1","member":"40000000000012363","amount":215}"#
        // Two points for the amount, and twenty once the profile is there.
        try place.run(
            "timeout -k1 120 bash -c 'until \(post("sales/preview", body))"
                + " | grep -q \"\\\"amount\\\":22\"; do sleep 0.2; done'"
        )
        let told = try CanonicalJSON(parsing: try place.run(post("sales", body)).utf8)
        #expect(told["earned"]?.arrayValue?.first?["amount"] == 22, "\(told.text)")

        let entry = try arrived(home, store.device, where: #""key":"P1/1""#)
        #expect(entry.reads.profile.birthday?.month == month)
        #expect(entry.reads.profile.birthday?.day == 15)
        let known = try ProgrammeDocument.programme(from: Self.programme, file: "family.yaml")
        let at = Moment(wall: Self.now, quality: .ntp, boot: 1, sinceBootMs: 0)
        guard case .award(let award) = known.decide(entry.standing, entry.sale, at: at) else {
            Issue.record("HQ refuses")
            return
        }
        #expect(award.postings == entry.postings)
        #expect(try home.run("\(hq) report differences --data hq").isEmpty)
        withExtendedLifetime(server) {}
    }

    @Test func `a manager's code allows a compensation, once, and HQ reports it`() throws {
        let (home, place) = (try TemporaryDirectory(), try TemporaryDirectory())
        let file = "\(place.url.path)/anna.secret"
        let address = try place.run("\(ctl) manager secret anna --to \(file) --store test")
        let digits = try String(contentsOfFile: file, encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(digits.count == 40)
        #expect(address.hasPrefix("otpauth://totp/test:anna?secret="))
        #expect(!address.contains(digits))
        let again = try place.run(
            "\(ctl) manager secret anna --to \(file) 2>&1",
            expecting: 64
        )
        #expect(again.contains("is there"))
        #expect(try place.run("stat -c %a anna.secret") == "600\n")
        let (server, store) = try join(home, place, "managers: [{id: anna, secret: \(file)}]")

        let secret = try #require(address.firstMatch(of: /secret=([A-Z2-7]+)/)).1
        let codes = try #require(TOTP(key: Self.bytes(ofBase32: secret)))
        let code = try #require(codes.code(at: Self.now))
        let occasion =
            #""occasion":{"kind":"recovery","severity":"minor","reason":"湯冷了","#
            + #""managerCode":"\#(code)"}"#
        let body = { (key: String) in
            #"{"key":"\#(key)","member":"40000000000012363",\#(occasion)}"#
        }
        let given = try CanonicalJSON(parsing: try place.run(post("sales", body("R/1"))).utf8)
        #expect(given["earned"]?.arrayValue?.first?["amount"] == 30, "\(given.text)")
        let used = try CanonicalJSON(parsing: try place.run(post("sales", body("R/2"))).utf8)
        #expect(used["reason"] == "code-used", "\(used.text)")

        let entry = try arrived(home, store.device, where: #""key":"R/1""#)
        #expect(entry.sale.details.approval?.manager == "anna")
        let report = "\(hq) report recoveries --data hq"
        let line = try home.run(report)
        #expect(line.contains("  test  00000000000123  minor  manager anna  30 points  湯冷了\n"))
        #expect(try home.run("\(report) --through 2020-01-01").isEmpty)
        let json = try CanonicalJSON(parsing: try home.run("\(report) --json").utf8.dropLast())
        #expect(json["reason"] == "湯冷了")
        #expect(
            try !String(contentsOfFile: "\(place.url.path)/log", encoding: .utf8).contains(code)
        )
        #expect(try home.run("\(hq) report differences --data hq").isEmpty)
        withExtendedLifetime(server) {}
    }

    // MARK: Makers

    private static var now: WallTime {
        WallTime(unixMs: Int64(Date().timeIntervalSince1970 * 1_000))
    }

    /// An HQ that has the programme, and a store that it knows.
    private func join(
        _ home: TemporaryDirectory,
        _ place: TemporaryDirectory,
        _ more: String = ""
    ) throws -> (RunningHQ, RunningStore) {
        for directory in [home, place] {
            try Self.programme.write(
                toFile: "\(directory.url.path)/family.yaml",
                atomically: true,
                encoding: .utf8
            )
        }
        let key = try home.run("\(hq) init --data hq")
        let server = try RunningHQ(in: home)
        try home.run("\(hq) programmes publish family.yaml --data hq")
        let store = try RunningStore(
            in: place,
            hqKey: key.trimmingCharacters(in: .whitespacesAndNewlines),
            hqURL: "http://127.0.0.1:\(server.port)",
            programme: "\(place.url.path)/family.yaml",
            more: more,
            introduce: { try home.run("\(hq) \($0) --data hq") }
        )
        return (server, store)
    }

    /// The words that post to the agent; whatever it answers is printed.
    private func post(_ path: String, _ body: String) -> String {
        let escaped = body.replacing("\"", with: "\\\"")
        return "curl -s --unix-socket stampd.sock http://stampd/v1/\(path)"
            + " -H \"Content-Type: application/json\" -d \"\(escaped)\""
    }

    /// The award at HQ whose line holds a text, once it is there.
    private func arrived(
        _ home: TemporaryDirectory,
        _ device: String,
        where text: String
    ) throws -> AwardFact {
        let entries = "\(hq) entries --device \(device) --data hq"
        let key = text.replacing("\"", with: "").replacing("key:", with: "")
        let lines = try home.run(
            "timeout -k1 120 bash -c 'until \(entries) | grep -q \(key); do sleep 0.2; done';"
                + " \(entries)"
        )
        for line in lines.split(separator: "\n") {
            let told = try CanonicalJSON(parsing: line.utf8)
            guard let body = told["line"]?.stringValue, body.contains(text) else { continue }
            #expect(told["quarantine"] == .null)
            let entry = try EntryLineV1.entry(from: Array(body.utf8))
            if case .award(let award) = entry.fact { return award }
        }
        throw Missing()
    }

    private struct Missing: Error {}

    /// RFC 4648 section 6, as an authenticator app reads it.
    private static func bytes(ofBase32 text: Substring) -> [UInt8] {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        let bits = text.flatMap { letter -> [UInt8] in
            let value = letters.firstIndex(of: letter) ?? 0
            return (0..<5).reversed().map { UInt8(value >> $0 & 1) }
        }
        return stride(from: 0, to: bits.count - bits.count % 8, by: 8).map { start in
            bits[start..<start + 8].reduce(0) { $0 << 1 | $1 }
        }
    }
}
