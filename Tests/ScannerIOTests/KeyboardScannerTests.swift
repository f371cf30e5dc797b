import Testing

/// The real keyboard reader on evdev nodes under umockdev.
///
/// The nodes are ptys and the ioctls answer from the probe. What only a kernel can show, such as
/// what a grab keeps from others and when events are dropped, is the virtual store's to test.
@Suite(.timeLimit(.minutes(2)))
struct KeyboardScannerTests {
    private let scanner = MockScanner()
    private let key = "05e0:1200:S_N:1A8E"
    private let node = "/dev/input/event7"

    @Test func `a marked keyboard is grabbed and its keys are a scan`() async throws {
        try await ProbeSession.run { probe in
            try probe.plugIn(scanner.device + scanner.keyboard(7), calls: [node])
            try probe.send("start")

            await probe.expectLine("ioctl \(node) EVIOCSCLOCKID")
            await probe.expectLine("ioctl \(node) EVIOCSMASK")
            await probe.expectLine("ioctl \(node) EVIOCGRAB 0")
            await probe.expectLine("attached \(key) keyboard \(node) till=1 grabbed")

            try probe.send("write \(node) \(KeyBurst.hex("4711a⏎"))")
            await probe.expectLine("scan \(key) till=1 3437313161")
        }
    }

    @Test func `a burst without Enter ends with silence`() async throws {
        try await ProbeSession.run { probe in
            try await probe.attach(scanner)

            try probe.send("write \(node) \(KeyBurst.hex("4711"))")
            await probe.expect("scan \(key) till=1 34373131")
        }
    }

    @Test func `caps lock is put out and num lock lit`() async throws {
        try await ProbeSession.run { probe in
            try await probe.attach(scanner)

            try probe.send("read \(node)")
            let sent = await probe.event() ?? ""
            // EV_LED is 0x11; LED_CAPSL is 1 and LED_NUML 0.
            #expect(sent.contains("1100" + "0100" + "00000000"))
            #expect(sent.contains("1100" + "0000" + "01000000"))
        }
    }

    @Test func `the grab waits until no key is down`() async throws {
        try await ProbeSession.run { probe in
            try probe.plugIn(scanner.device + scanner.keyboard(7), calls: [node])
            try probe.send("keys \(node) 30\nstart")
            await probe.expectLine("ioctl \(node) EVIOCSCLOCKID")
            await probe.expectLine("ioctl \(node) EVIOCSMASK")

            try probe.send("keys \(node)\nwrite \(node) \(KeyBurst.key(30, down: false))")
            await probe.expectLine("ioctl \(node) EVIOCGRAB 0")
            let attached = await probe.next()
            #expect(attached?.hasPrefix("attached") == true)
        }
    }

    @Test func `a key that stays down delays the grab only so long`() async throws {
        try await ProbeSession.run { probe in
            try probe.plugIn(scanner.device + scanner.keyboard(7), calls: [node])
            try probe.send("keys \(node) 30\nstart")

            await probe.expect("attached \(key) keyboard \(node) till=1 grabbed")
            let problem = await probe.event()
            #expect(problem?.contains("a key is held down") == true)
        }
    }

    @Test func `a node that another program has grabbed is a problem until it is free`()
        async throws
    {
        try await ProbeSession.run { probe in
            try probe.plugIn(scanner.device + scanner.keyboard(7), calls: [node])
            try probe.send("busy \(node) yes\nstart")
            let problem = await probe.event()
            #expect(problem?.contains("held by another program") == true)

            try probe.send("busy \(node) no")
            await probe.expect("attached \(key) keyboard \(node) till=1 grabbed")
        }
    }

    @Test func `lost events void the scan and say which keys are down`() async throws {
        try await ProbeSession.run { probe in
            try await probe.attach(scanner)

            try probe.send("keys \(node) 42")
            try probe.send("write \(node) \(KeyBurst.hex("47"))\(KeyBurst.dropped())")
            await probe.expect("voided \(key) damaged(ScanCodec.ScanVoid.dropped)")
            // After a quiet gap Shift, which went down among the lost events, still counts.
            let later = KeyBurst.nowUs() + 2_000_000
            let a = KeyBurst.key(30, down: true, at: later)
            let enter = KeyBurst.key(28, down: true, at: later + 1000)
            try probe.send("write \(node) \(a)\(enter)")
            await probe.expect("scan \(key) till=1 41")
        }
    }

    @Test func `a scanner that goes in the middle of a scan voids it`() async throws {
        try await ProbeSession.run { probe in
            try await probe.attach(scanner)

            // One block, so that the half has been read when the whole one is reported. A key that
            // is down puts off the end by silence, here by ten minutes.
            let half = KeyBurst.key(30, down: true, at: KeyBurst.nowUs() + 600_000_000)
            try probe.send("write \(node) \(KeyBurst.hex("47⏎"))\(half)")
            await probe.expect("scan \(key) till=1 3437")
            try probe.send("hangup \(node)")
            await probe.expect("voided \(key) unplugged")
            await probe.expect("detached \(key) unplugged")
        }
    }
}

extension ProbeSession {
    /// Plugs devices in, and lets the probe answer their nodes' ioctls.
    func plugIn(_ devices: String, calls nodes: [String] = []) throws {
        // Answered from the start: umockdev sends word of a device as soon as it is added.
        for node in nodes { try send("calls \(node)") }
        try send("add\n\(devices).")
    }

    /// Starts the monitor with a scanner at event7 and waits for it.
    mutating func attach(_ scanner: MockScanner) async throws {
        try plugIn(scanner.device + scanner.keyboard(7), calls: ["/dev/input/event7"])
        try send("start")
        let attached = await event()
        try #require(attached?.hasPrefix("attached ") == true)
    }
}
