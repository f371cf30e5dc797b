import ScanCodec
import Testing

/// Ends without suffix, and the bounds of a scan.
struct KeyDecoderSilenceTests {
    /// The gap between key-downs and the silence that must end the scan.
    @Test(arguments: [(2, 50), (12, 50), (20, 80), (40, 160), (49, 196), (50, 200), (60, 200)])
    func `a scan without suffix ends after four times its median gap`(gapMs: Int, silenceMs: Int) {
        var decoder = KeyDecoder()
        let typed = keyboard {
            $0.reportGap = .milliseconds(gapMs) / 2
            $0.type("4026")
        }
        for event in typed.events { #expect(decoder.consume(event) == .wait) }

        #expect(decoder.idleDeadline == decoder.lastKeyAt + .milliseconds(silenceMs))
        let early = decoder.lastKeyAt + .milliseconds(silenceMs - 1)
        #expect(decoder.idle(at: early) == .wait)
        #expect(decoder.idle(at: decoder.lastKeyAt + .milliseconds(silenceMs)) == emit("4026"))
        #expect(decoder.idleDeadline == nil)
    }

    @Test func `one long gap does not stretch the silence`() {
        var decoder = KeyDecoder()
        let typed = keyboard {
            $0.reportGap = .milliseconds(2)
            $0.type("40")
            $0.at += .milliseconds(40)
            $0.type("26112")
        }
        for event in typed.events { #expect(decoder.consume(event) == .wait) }

        #expect(decoder.idleDeadline == decoder.lastKeyAt + .milliseconds(50))
    }

    @Test func `a reader that was late sees the same scans by the kernel's times`() {
        let typed = keyboard {
            $0.type("40")
            $0.at += .milliseconds(400)
            $0.type("51")
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play(callsIdle: false) == [emit("40"), emit("51")])
        #expect(typed.play(callsIdle: true) == [emit("40"), emit("51")])
    }

    @Test func `an Enter that comes late is no second scan`() {
        let typed = keyboard {
            $0.type("40")
            $0.at += .milliseconds(400)
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play(callsIdle: false) == [emit("40")])
        #expect(typed.play(callsIdle: true) == [emit("40")])
    }

    @Test func `where a suffix is required a silence voids`() {
        let settings = KeySettings(isSuffixRequired: true)
        let typed = keyboard {
            $0.type("40")
            $0.at += .milliseconds(400)
            $0.type("51")
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play(settings, callsIdle: false) == [.void(.stalled), emit("51")])
        #expect(typed.play(settings, callsIdle: true) == [.void(.stalled), emit("51")])
    }

    @Test func `nothing is due while nothing is held`() {
        var decoder = KeyDecoder()
        #expect(decoder.idleDeadline == nil)
        #expect(decoder.idle(at: .seconds(99)) == .wait)

        let typed = keyboard { $0.stroke(Keyboard.numLock) }
        for event in typed.events { #expect(decoder.consume(event) == .wait) }
        #expect(decoder.idleDeadline == nil)
    }

    @Test(arguments: [(Scan.byteCountMax, true), (Scan.byteCountMax + 1, false)])
    func `a scan may be as long as the largest symbol and no longer`(count: Int, isWhole: Bool) {
        let text = String(repeating: "7", count: count)
        let typed = keyboard {
            $0.reportGap = .milliseconds(1)
            $0.type(text)
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == (isWhole ? [emit(text)] : [.void(.tooLong)]))
    }

    @Test func `what follows a scan that is too long is discarded until a quiet gap`() {
        let typed = keyboard {
            $0.reportGap = .milliseconds(1)
            $0.type(String(repeating: "7", count: 3 * Scan.byteCountMax))
            $0.stroke(Keyboard.enter)
            $0.at += .seconds(1)
            $0.type("4")
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [.void(.tooLong), emit("4")])
    }

    @Test(arguments: [(120_000, true), (120_001, false)])
    func `a scan may take two minutes and no longer`(lastMs: Int, isWhole: Bool) {
        var decoder = KeyDecoder()
        var typed = Keyboard()
        for ms in stride(from: 0, to: lastMs - 30, by: 40) {
            typed.at = .milliseconds(ms)
            typed.reportGap = .milliseconds(1)
            typed.stroke(8)
        }
        typed.at = .milliseconds(lastMs)
        typed.stroke(8)
        typed.stroke(Keyboard.enter)

        let actions = typed.play(on: &decoder, callsIdle: false)
        #expect(actions.count == 1)
        #expect((actions == [.void(.tooSlow)]) == !isWhole)
    }

    @Test(arguments: [(8, emit("12345678")), (9, .void(.badReport))] as [(Int, ScanAction)])
    func `a report of more keys than a scanner sends voids the scan`(
        count: Int,
        expected: ScanAction
    ) {
        let typed = keyboard {
            for code in 2..<UInt16(2 + count) {
                $0.events.append(KeyEvent(type: 1, code: code, value: 1, at: $0.at))
            }
            $0.report()
            for code in 2..<UInt16(2 + count) { $0.report((code, 0)) }
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [expected])
    }

    @Test func `an unplug in mid-scan voids it, and an unplug between scans is nothing`() {
        var decoder = KeyDecoder()
        let typed = keyboard { $0.type("40") }
        for event in typed.events { #expect(decoder.consume(event) == .wait) }

        #expect(decoder.abandon() == .void(.stalled))
        #expect(decoder.abandon() == .wait)
        #expect(decoder.idleDeadline == nil)
    }

    @Test func `a reset forgets the scan, the modifiers and the discarding`() {
        var decoder = KeyDecoder()
        var typed = keyboard {
            $0.type("40")
            $0.report((Keyboard.leftShift, 1), (5, 1))
            $0.dropped()
        }
        _ = typed.play(on: &decoder)
        decoder.reset()

        typed.events = []
        typed.type("4")
        typed.stroke(Keyboard.enter)
        #expect(typed.play(on: &decoder) == [emit("4")])
    }
}
