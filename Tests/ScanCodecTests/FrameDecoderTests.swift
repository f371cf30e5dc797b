import ScanCodec
import Testing

/// Transcripts of serial scanners, one per rule of reading them.
struct FrameDecoderTests {
    /// Feeds reads of text at times in ms; the line was opened 100 ms before time 0.
    private func play(
        _ settings: FrameSettings = .cdc,
        _ reads: (text: String, ms: Int)...
    ) -> [ScanAction] {
        var decoder = FrameDecoder(settings: settings, openedAt: .milliseconds(-100))
        return reads.flatMap { read in
            decoder.consume(Array(read.text.utf8), at: .milliseconds(read.ms))
        }
    }

    @Test(arguments: ["40\r", "40\n", "40\r\n", "\r40\r", "\r\n40\r\n", "40\r\n\r\n"])
    func `CR, LF and CRLF end a scan, and empty scans are none`(text: String) {
        #expect(play(.cdc, (text, 0)) == [emit("40")])
    }

    @Test func `several scans in one read come out in order`() {
        #expect(play(.cdc, ("40\r\n51\r6", 0), ("0\n", 5)) == [emit("40"), emit("51"), emit("60")])
    }

    @Test func `a scan may come byte by byte`() {
        let actions = play(.cdc, ("4", 0), ("0", 20), ("\r", 40), ("\n", 60), ("5", 80), ("\r", 81))

        #expect(actions == [emit("40"), emit("5")])
    }

    @Test(arguments: [(50, [emit("a"), emit("b")]), (51, [emit("a"), emit("\nb")])])
    func `with CR as the end a LF is content unless it follows within 50 ms`(
        gapMs: Int,
        expected: [ScanAction]
    ) {
        let settings = FrameSettings(
            ending: .carriageReturn,
            silenceMax: .seconds(1),
            isParityMarked: false
        )

        #expect(play(settings, ("a\r", 0), ("\nb\r", gapMs)) == expected)
        #expect(play(settings, ("x\ny\r", 0)) == [emit("x\ny")])
    }

    @Test func `between STX and ETX everything is content, outside nothing is`() {
        let settings = FrameSettings(
            ending: .stxETX,
            silenceMax: .milliseconds(30),
            isParityMarked: false
        )
        let actions = play(settings, ("noise\r\n\u{2}a\r\nb\u{3}\r\n\u{2}\u{3}\u{2}c\u{3}", 0))

        #expect(actions == [emit("a\r\nb"), emit("c")])
    }

    @Test func `an STX or a silence inside a frame voids what came before`() {
        let settings = FrameSettings(
            ending: .stxETX,
            silenceMax: .milliseconds(30),
            isParityMarked: false
        )

        #expect(play(settings, ("\u{2}40\u{2}51\u{3}", 0)) == [.void(.stalled), emit("51")])
        #expect(play(settings, ("\u{2}40", 0), ("51\u{3}", 30)) == [.void(.stalled)])
    }

    @Test func `NUL and other binary bytes are content`() {
        var decoder = FrameDecoder(settings: .cdc, openedAt: .milliseconds(-100))
        let bytes: [UInt8] = [0, 0xFF, 0, 7, 0x1D, 0xB0, 0xAE]

        #expect(decoder.consume(bytes + [0x0D], at: .zero) == [.emit(bytes)])
    }

    @Test func `a silence ends a scan without end mark`() {
        var decoder = FrameDecoder(settings: .cdc, openedAt: .milliseconds(-100))
        #expect(decoder.consume(Array("40".utf8), at: .zero) == [])
        #expect(decoder.idleDeadline == .milliseconds(30))
        #expect(decoder.idle(at: .milliseconds(29)) == [])
        #expect(decoder.idle(at: .milliseconds(30)) == [emit("40")])
        #expect(decoder.lastByteAt == .zero)
        #expect(decoder.idleDeadline == nil)
    }

    @Test func `a read after a silence starts a new scan even if idle was not called`() {
        #expect(play(.cdc, ("40", 0), ("51\r", 30)) == [emit("40"), emit("51")])
    }

    @Test func `where an end mark is required a silence voids`() {
        let settings = FrameSettings(
            silenceMax: .milliseconds(30),
            isEndingRequired: true,
            isParityMarked: false
        )

        #expect(play(settings, ("40", 0), ("51\r", 30)) == [.void(.stalled), emit("51")])
    }

    @Test(arguments: [(9_600, 50_000), (4_000, 50_000), (2_400, 83_333), (1_200, 166_667)])
    func `the silence is twenty characters, 50 ms at least`(baud: Int, microseconds: Int) {
        let silence = FrameSettings.serial(baud: baud).silenceMax

        #expect(abs(silence / .microseconds(1) - Double(microseconds)) < 1)
    }

    @Test(arguments: [0, -1, Int.min, Int.max])
    func `an impossible rate does no harm`(baud: Int) {
        #expect(FrameSettings.serial(baud: baud).silenceMax >= .milliseconds(50))
    }

    @Test func `a parity error voids its scan and no other`() {
        var decoder = FrameDecoder(settings: .serial(baud: 9_600), openedAt: .milliseconds(-100))
        let bytes = Array("40".utf8) + [0xFF, 0, 0x31] + Array("23\r51\r".utf8)

        #expect(decoder.consume(bytes, at: .zero) == [.void(.parity), emit("51")])
    }

    @Test func `two parity errors in one scan are told once, in whatever pieces they come`() {
        var decoder = FrameDecoder(settings: .serial(baud: 9_600), openedAt: .milliseconds(-100))
        var actions: [ScanAction] = []
        for byte in [0x34, 0xFF, 0, 0, 0x35, 0xFF, 0, 0x0D, 0x36, 0x0D, 0x37, 0x0D] as [UInt8] {
            actions += decoder.consume([byte], at: .zero)
        }

        #expect(actions == [.void(.parity), emit("7")])
    }

    @Test func `a doubled FF is one FF where parity is marked`() {
        var decoder = FrameDecoder(settings: .serial(baud: 9_600), openedAt: .milliseconds(-100))

        #expect(decoder.consume([0x34, 0xFF, 0xFF, 0x0D], at: .zero) == [.emit([0x34, 0xFF])])
    }

    @Test(arguments: [(Scan.byteCountMax, true), (Scan.byteCountMax + 1, false)])
    func `a scan may be as long as the largest symbol and no longer`(count: Int, isWhole: Bool) {
        let text = String(repeating: "7", count: count)

        #expect(play(.cdc, (text + "\r", 0)) == (isWhole ? [emit(text)] : [.void(.tooLong)]))
    }

    @Test func `after a scan that is too long only a quiet line is trusted`() {
        let flood = String(repeating: "7", count: Scan.byteCountMax + 1)
        let actions = play(.cdc, (flood + "1\r2\r", 0), ("3\r", 99), ("4\r", 199))

        #expect(actions == [.void(.tooLong), emit("4")])
    }

    @Test(arguments: [(120_000, [emit("444")]), (120_001, [.void(.tooSlow)])])
    func `a scan may take two minutes and no longer`(lastMs: Int, expected: [ScanAction]) {
        let settings = FrameSettings(silenceMax: .seconds(100), isParityMarked: false)

        #expect(play(settings, ("4", 0), ("4", 60_000), ("4\r", lastMs)) == expected)
    }
}

/// Scans that were made before anyone listened.
struct FrameDecoderFlushTests {
    @Test func `bytes that wait at the door are void, told once, until 100 ms of quiet`() {
        var decoder = FrameDecoder(settings: .cdc, openedAt: .zero)

        #expect(decoder.consume(Array("STALE-1\r\n".utf8), at: .milliseconds(1)) == [.void(.stale)])
        #expect(decoder.consume(Array("STALE-2\r\n".utf8), at: .milliseconds(90)) == [])
        #expect(decoder.idleDeadline == .milliseconds(190))
        #expect(decoder.consume(Array("40\r".utf8), at: .milliseconds(189)) == [])
        #expect(decoder.consume(Array("51\r".utf8), at: .milliseconds(289)) == [emit("51")])
    }

    @Test func `a quiet line is open after 100 ms, whether or not idle is called`() {
        var called = FrameDecoder(settings: .cdc, openedAt: .zero)
        #expect(called.idle(at: .milliseconds(100)) == [])
        #expect(called.idleDeadline == nil)
        #expect(called.consume(Array("40\r".utf8), at: .milliseconds(101)) == [emit("40")])

        var uncalled = FrameDecoder(settings: .cdc, openedAt: .zero)
        #expect(uncalled.consume(Array("40\r".utf8), at: .milliseconds(100)) == [emit("40")])
    }

    @Test func `an unplug in mid-scan voids it, and an unplug between scans is nothing`() {
        var decoder = FrameDecoder(settings: .cdc, openedAt: .zero)
        #expect(decoder.consume(Array("40".utf8), at: .milliseconds(100)) == [])

        #expect(decoder.abandon(at: .milliseconds(110)) == .void(.stalled))
        #expect(decoder.abandon(at: .milliseconds(120)) == .wait)
        #expect(decoder.idleDeadline == .milliseconds(220))
    }

    @Test func `a flush throws away what is held`() {
        var decoder = FrameDecoder(settings: .cdc, openedAt: .zero)
        #expect(decoder.consume(Array("40".utf8), at: .milliseconds(100)) == [])
        decoder.flush(at: .milliseconds(110))

        #expect(decoder.consume(Array("51\r".utf8), at: .milliseconds(120)) == [.void(.stale)])
        #expect(decoder.consume(Array("62\r".utf8), at: .milliseconds(220)) == [emit("62")])
    }
}
