import Foundation
import Testing

/// A store's computer gets in with a code, over HTTPS, by the programs that are installed.
struct EnrolmentTests {
    @Test func `a code connects a store, and its agent pushes`() throws {
        let store = try TestShop()

        let told = try store.enroll(code: try store.code())

        #expect(told.contains("enrolled: device "))
        #expect(told.contains("of store yongkang at https://localhost:"))
        #expect(told.contains("HQ's key is \(try store.hqKey())"))
        try store.directory.run("test $(stat -c %a state/enrolment.json) = 600")
        try store.directory.run("test $(stat -c %a state/device.key) = 600")
        #expect(try store.acknowledgement().contains("entry=1"))
        // The anchor of the clock that the acknowledgement sets may be there as well.
        #expect(try store.devices().contains(#/active  epoch 1  received [12] /#))
    }

    @Test func `the same command again changes nothing, and a used code lets nobody else in`()
        throws
    {
        let store = try TestShop()
        let code = try store.code()

        let first = try store.enroll(code: code)
        #expect(try store.enroll(code: code) == first)
        try store.directory.run("rm state/*")

        #expect(try store.refusal(code: code).contains("enrolment-used: Another device"))
        try store.directory.run("test ! -e state/enrolment.json")
        #expect(try store.devices().split(separator: "\n").count == 1)
    }

    /// Where keys are made, where HQ is asked and answers, and where HQ's key is pinned.
    ///
    /// strace counts the calls of each thread by itself: one makes the keys, another pins.
    @Test(arguments: [
        (call: "fsync", hasKey: false, killCountMin: 6), ("rename", false, 3), ("fsync", true, 2),
        ("rename", true, 1), ("write", true, 4), ("epoll_wait", true, 4),
    ])
    func `an enrolment that was killed at any call is one device when it was run again`(
        call: String,
        hasKey: Bool,
        killCountMin: Int
    ) throws {
        let store = try TestShop()
        var (killCount, lostCount) = (0, 0)
        while true {
            try store.directory.run("rm -rf state && mkdir -m 700 state")
            if hasKey { try store.identify() }
            let code = try store.code()
            guard try store.isKilled(at: call, number: killCount + 1, code: code) else { break }
            killCount += 1
            let isKnown = try store.devices().split(separator: "\n").count == killCount
            if isKnown, try !store.isEnrolled() { lostCount += 1 }

            #expect(try store.enroll(code: code).contains("enrolled: device "))
            let device = try store.directory.run("cat state/device.id")
                .trimmingCharacters(in: .whitespacesAndNewlines)
            let devices = try store.devices().split(separator: "\n")
            #expect(devices.count == killCount)
            #expect(devices.count { $0.contains(device) && $0.contains("active") } == 1)
            // What the disk was cut at is what the agent starts with.
            if hasKey && ["fsync", "rename"].contains(call) {
                #expect(try store.acknowledgement().contains("entry=1"))
            }
        }
        #expect(killCount >= killCountMin)
        // HQ had let the device in, and the device did not know.
        if hasKey && call == "rename" { #expect(lostCount == 1) }
        #expect(try store.acknowledgement().contains("entry=1"))
    }

    @Test func `HQ is told of no key before the disk holds its name`() throws {
        let store = try TestShop()
        try store.identify()
        let trace = "strace -f -qq -y -o trace -e trace=fsync,connect "
        try store.enroll(code: try store.code(), given: trace)

        let calls = try store.directory.run("cat trace").split(separator: "\n")
        let asked = try #require(calls.firstIndex { $0.contains("connect(") && $0.contains("sin") })
        #expect(calls[..<asked].contains { $0.contains("fsync(") && $0.contains("/state>") })
    }

    @Test func `another HQ than the expected one, or of another authority, is refused`() throws {
        let store = try TestShop()
        let other = Data(repeating: 0, count: 32).base64EncodedString()
        let code = try store.code()

        let key = try store.refusal(code: code, "--hq-key \(other)")
        #expect(key.contains("HQ has another key ("))
        let authority = try store.refusal(code: code, "--trust other.pem")
        #expect(authority.contains("HQ cannot be reached"))
        let plain = try store.refusal(code: code, "--hq http://hq.example")
        #expect(plain.contains("use https://, since the line to another machine"))
        #expect(try store.refusal(code: "8Q2M4").contains("'--code' has 10 letters and digits"))
        try store.directory.run("test ! -e state/enrolment.json")
        // None of that used the code up.
        #expect(try store.enroll(code: code, "--hq-key \(store.hqKey())").contains("enrolled:"))
    }

    @Test(.enabled(if: getuid() == 0, "only root can become somebody else"))
    func `what root enrols belongs to the agent's user`() throws {
        let store = try TestShop()
        try store.directory.run(
            "chmod 755 . && chown nobody state && chmod 644 ca.pem"
        )

        try store.enroll(code: try store.code())

        try store.directory.run(
            "test $(stat -c %U state/enrolment.json state/device.key | sort -u) = nobody"
        )
    }

    @Test(.enabled(if: getuid() == 0, "others make the directory"))
    func `root makes no state directory that the agent could not read`() throws {
        let store = try TestShop()
        let code = try store.code()
        try store.directory.run("rmdir state")

        #expect(try store.refusal(code: code).contains("start the agent once, which makes it"))
        try store.directory.run("test ! -e state")
    }

    @Test func `a key that systemd hands over goes before the state directory's`() throws {
        let directory = try TemporaryDirectory()
        let stampd = packageRoot.appendingPathComponent(".build/debug/stampd").path
        try directory.run(
            """
            mkdir -m 700 state credentials; printf '%064d' 0 > credentials/device-key
            printf 'store: a\nstoreTitle: {zh-Hant: a, en: a}\nstate: %s/state\n' "$PWD" > s.yaml
            """
        )
        let identity = "\(stampd) identity --config s.yaml"

        let given = try directory.run("CREDENTIALS_DIRECTORY=$PWD/credentials \(identity)")
        try directory.run("test ! -e state/device.key")
        let made = try directory.run(identity)

        // RFC 8032's function of 32 zeros.
        let key = "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="
        #expect(given.contains(" --public-key \(key) "))
        #expect(!made.contains(key))
        try directory.run("test -e state/device.key")
    }

    /// What a clock without a battery says, and what must hold all the same.
    @Test func `a store whose clock stands in 1970 enrols and pushes`() throws {
        let store = try TestShop()
        let code = try store.code()

        let untrusted = try store.refusal(code: code, "--trust other.pem", isIn1970: true)
        #expect(untrusted.contains("HQ cannot be reached"))
        let told = try store.enroll(code: code, isIn1970: true)

        #expect(told.contains("enrolled: device "))
        #expect(try store.acknowledgement(isIn1970: true).contains("entry=1"))
    }

    @Test func `a certificate that ended before any store began is refused in 1970 too`() throws {
        let store = try TestShop(madeAtS: 1_577_836_800)

        let told = try store.refusal(code: try store.code(), isIn1970: true)

        #expect(told.contains("HQ cannot be reached"))
        try store.directory.run("test ! -e state/enrolment.json")
    }

    @Test func `an agent that knows HQ's address but not its key says what to do`() throws {
        let store = try TestShop(hq: "hq: {url: \"https://localhost:1\"}\n")

        #expect(try store.status().contains("this device is not enrolled: have HQ's operator"))
    }
}

/// A store's directory with its configuration, and an HQ that serves HTTPS.
struct TestShop {
    let directory: TemporaryDirectory
    private let hq: RunningHQ
    private let config: String
    private let programs = packageRoot.appendingPathComponent(".build/debug").path

    /// Makes the certificates and starts HQ; given is what the configuration says of HQ, and the
    /// time at which its certificate was made for two days, if that is not now.
    init(hq block: String = "", madeAtS time: Int64? = nil) throws {
        directory = try TemporaryDirectory()
        let path = directory.url.path
        let clock = packageRoot.appendingPathComponent("Tests/Fixtures/clock/shift.c").path
        try directory.run("clang -shared -fPIC -o shift.so \(clock)")
        for name in ["ca", "other"] {
            try directory.run(
                (time.map(Self.clock) ?? "")
                    + "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
                    + " -days 7300"
                    + " -subj /CN=\(name) -keyout \(name).key -out \(name).pem 2>/dev/null"
            )
        }
        try directory.run(
            """
            mkdir -m 700 state
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
            -subj /CN=localhost -keyout hq.key -out hq.csr 2>/dev/null
            echo subjectAltName=DNS:localhost > san
            \(time.map(Self.clock) ?? "") openssl x509 -req -in hq.csr -CA ca.pem -CAkey ca.key \
            -CAcreateserial -days 2 -extfile san -out hq.pem 2>/dev/null
            """
        )
        hq = try RunningHQ(in: directory, hasTLS: true)
        config = "\(path)/stampd.yaml"
        try """
        store: yongkang
        storeTitle: {zh-Hant: 永康店, en: Yongkang}
        state: \(path)/state
        programme: \(packageRoot.path)/programmes/demo.yaml
        listen: {port: 0, socket: \(path)/stampd.sock}
        \(block)
        """.write(toFile: config, atomically: true, encoding: .utf8)
    }

    /// Has HQ's operator make a code.
    func code() throws -> String {
        let told = try directory.run("\(hq.program) enrolments create --data hq --store yongkang")
        return try #require(told.split(separator: "\n").first.map(String.init))
    }

    func devices() throws -> String {
        try directory.run("\(hq.program) devices list --data hq")
    }

    func hqKey() throws -> String {
        let told = try directory.run("cat state/enrolment.json 2>/dev/null || true")
        if let match = told.firstMatch(of: /"hqKey":"([^"]+)"/) { return String(match.1) }
        let hex = "302e020100300506032b657004220420$(cat hq/hq.key)"
        return try directory.run(
            "echo \(hex) | xxd -r -p | openssl pkey -inform DER -pubout -outform DER"
                + " | tail -c 32 | base64 -w0"
        )
    }

    @discardableResult
    func enroll(
        code: String,
        _ more: String = "",
        isIn1970: Bool = false,
        given: String = ""
    ) throws -> String {
        try directory.run((isIn1970 ? Self.clock(Self.begin) : "") + given + command(code, more))
    }

    /// Makes the device's keys.
    func identify() throws {
        try directory.run("\(programs)/stampd identity --config \(config)")
    }

    /// Whether the device keeps HQ's word.
    func isEnrolled() throws -> Bool {
        try directory.run("test ! -e state/enrolment.json || echo yes").contains("yes")
    }

    /// Kills an enrolment where one of its threads makes a call for the so-manieth time.
    ///
    /// - Returns: Whether it got there; otherwise it must have ended well.
    func isKilled(at call: String, number: Int, code: String) throws -> Bool {
        let kill = "inject=\(call):signal=KILL:when=\(number)"
        let status = try directory.run(
            """
            status=0
            # The shell itself tells of what was killed.
            (strace -f -qq -o /dev/null -e trace=\(call) -e \(kill) \(command(code, "")) \
                > told 2>&1; exit $?) 2> killed || status=$?
            echo $status
            """
        ).trimmingCharacters(in: .whitespacesAndNewlines)
        guard status != "137" else { return true }
        let told = try directory.run("cat told")
        #expect(status == "0", "\(told)")
        return false
    }

    /// What an enrolment that must fail says.
    func refusal(
        code: String,
        _ more: String = "",
        isIn1970: Bool = false
    ) throws -> String {
        let clock = isIn1970 ? Self.clock(Self.begin) : ""
        return try directory.run("! \(clock) \(command(code, more)) 2>&1")
    }

    /// The environment of a program whose wall clock starts at a time; `shift.so` must be there.
    private static func clock(_ seconds: Int64) -> String {
        "LD_PRELOAD=$PWD/shift.so WALL_CLOCK_SHIFT_S=$((\(seconds) - $(date +%s))) "
    }

    /// A minute after the beginning of 1970, where a clock without a battery starts.
    private static let begin: Int64 = 60

    private func command(_ code: String, _ more: String) -> String {
        let hq = more.contains("--hq ") ? "" : "--hq https://localhost:\(hq.port)"
        let trust = more.contains("--trust ") ? "" : "--trust ca.pem"
        return "\(programs)/stampctl enroll \(hq) --code \(code) \(trust) --config \(config)"
            + " \(more)"
    }

    /// Runs the agent until HQ has acknowledged something, and gives the log's line.
    func acknowledgement(isIn1970: Bool = false) throws -> String {
        try withAgent(isIn1970 ? Self.clock(Self.begin) : "") { log in
            var text = ""
            while true {
                let data = log.fileHandleForReading.availableData
                try #require(!data.isEmpty, "the agent ended: \(text)")
                text += String(decoding: data, as: UTF8.self)
                let line = text.split(separator: "\n").first { $0.contains("acknowledged") }
                if let line { return String(line) }
            }
        }
    }

    /// Runs the agent, has it change its key once HQ has everything, and waits until HQ has
    /// everything again.
    ///
    /// - Parameters:
    ///   - environment: What the agent's environment has beside.
    ///   - status: How the command must end.
    /// - Returns: What the command says.
    /// - Throws: What Foundation throws when a program cannot be made to work.
    func rotateKey(_ environment: String = "", expecting status: Int32 = 0) throws -> String {
        try withAgent(environment) { _ in
            try directory.run(
                """
                timeout -k1 120 bash -c '
                    settled() {
                        until curl -sf -m 10 --unix-socket stampd.sock http://stampd/v1/status \
                            | grep -q "pendingCount.:0,"; do sleep 0.1; done
                    }
                    settled
                    \(programs)/stampctl key rotate --socket stampd.sock 2>&1 || status=$?
                    settled
                    exit ${status:-0}'
                """,
                expecting: status
            )
        }
    }

    /// The command that runs the agent.
    var run: String { "\(programs)/stampd run --config \(config)" }

    /// Runs the agent until its socket answers with its status.
    func status() throws -> String {
        try withAgent("") { _ in
            try directory.run(
                """
                timeout -k1 120 bash -c 'while true; do
                    told=$(\(programs)/stampctl status --socket stampd.sock 2>/dev/null) \
                        || [ $? = 1 ] && echo "$told" && exit
                done'
                """
            )
        }
    }

    /// Runs the agent while a closure works with it, and its log.
    private func withAgent(
        _ environment: String,
        _ work: (Pipe) throws -> String
    ) throws -> String {
        let log = Pipe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.currentDirectoryURL = directory.url
        process.arguments = ["-c", "\(environment) exec \(run)"]
        process.standardError = log
        try process.run()
        DispatchQueue.global().asyncAfter(deadline: .now() + 120) {
            if process.isRunning { process.terminate() }
        }
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        return try work(log)
    }
}
