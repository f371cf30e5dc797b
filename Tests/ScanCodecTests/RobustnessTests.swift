import ScanCodec
import Testing

/// Pseudo-random input from a seed, so that a failure can be played again.
///
/// Steele, Lea and Flood's SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Whatever comes, nothing traps and no bound is passed.
struct RobustnessTests {
    private static let alphabet = Array("0123456789ABab:*/=-+.]%;\r\n\u{0}\u{2}\u{3}\u{1D}é乾".utf8)

    @Test func `one hundred thousand damaged codes are each taken or refused`() {
        var random = SeededGenerator(state: 2)
        let seeds = CodeFixture.all.map(\.bytes).filter { $0.count < 200 }
        var takenCount = 0
        for _ in 0..<100_000 {
            let bytes = Self.damaged(seeds, &random)
            let (aim, content) = AIMIdentifier.split(bytes)
            do throws(CodeRefusal) {
                if case .eInvoiceLeft(let invoice) = try ScannedCode(content, aim: aim) {
                    Self.check(invoice, right: bytes)
                }
                takenCount += 1
            } catch {
                continue
            }
        }
        #expect((1..<100_000).contains(takenCount))
    }

    @Test func `random bytes on a serial line never pass the bounds`() {
        var random = SeededGenerator(state: 3)
        let settings: [FrameSettings] = [
            .cdc, .serial(baud: 9_600),
            FrameSettings(ending: .carriageReturn, silenceMax: .seconds(1), isParityMarked: true),
            FrameSettings(ending: .stxETX, silenceMax: .seconds(1), isParityMarked: false),
        ]
        for settings in settings {
            var decoder = FrameDecoder(settings: settings, openedAt: .zero)
            var time: Duration = .zero
            for _ in 0..<2_000 {
                time += .milliseconds(Int.random(in: 0...120, using: &random))
                let bytes = Self.noise(Int.random(in: 0...60, using: &random), &random)
                Self.check(decoder.consume(bytes, at: time))
                if Bool.random(using: &random) { Self.check(decoder.idle(at: time)) }
                if Int.random(in: 0..<500, using: &random) == 0 { decoder.flush(at: time) }
            }
        }
    }

    @Test func `random key events never pass the bounds`() {
        var random = SeededGenerator(state: 4)
        for altNumpad in [KeySettings.AltNumpad.byte, .unicode] {
            var decoder = KeyDecoder(settings: KeySettings(altNumpad: altNumpad))
            var time: Duration = .zero
            for _ in 0..<100_000 {
                time += .microseconds(Int.random(in: -100...4_000, using: &random))
                let isSync = Int.random(in: 0..<3, using: &random) == 0
                let event = KeyEvent(
                    type: isSync ? 0 : UInt16.random(in: 0...2, using: &random),
                    code: isSync
                        ? UInt16.random(in: 0...100, using: &random) / 33
                        : UInt16.random(in: 0...300, using: &random),
                    value: Int32.random(in: -1...3, using: &random),
                    at: time
                )
                Self.check([decoder.consume(event), decoder.idle(at: time)])
            }
        }
    }

    @Test func `random reports of HID scanners never trap`() {
        var random = SeededGenerator(state: 5)
        var assembler = HIDPOSAssembler()
        for _ in 0..<20_000 {
            var bytes = Self.noise(Int.random(in: 0...70, using: &random), &random)
            _ = HIDPOSLayout(descriptor: bytes)
            _ = OEMReport(bytes)
            if !bytes.isEmpty { bytes[0] = 2 }
            Self.check([assembler.consume(bytes, at: .zero)])
        }
    }

    private static func check(_ actions: [ScanAction]) {
        for case .emit(let bytes) in actions where !(1...Scan.byteCountMax).contains(bytes.count) {
            Issue.record("a scan of \(bytes.count) bytes")
        }
    }

    private static func check(_ invoice: EInvoice, right: [UInt8]) {
        let lines = invoice.items(right: EInvoiceRight([0x2A, 0x2A] + right))
        _ = invoice.isTotalDecimal(by: lines)
        if !(1...EInvoice.amountMax).contains(invoice.totalAmount), lines.encoding != .foreign {
            Issue.record("an amount of \(invoice.totalAmount)")
        }
    }

    private static func noise(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
        (0..<count).map { _ in
            Bool.random(using: &random)
                ? alphabet.randomElement(using: &random) ?? 0
                : UInt8.random(in: 0...255, using: &random)
        }
    }

    /// Noise, or a good code with a few bytes changed, left out, put in, or cut off.
    private static func damaged(_ seeds: [[UInt8]], _ random: inout SeededGenerator) -> [UInt8] {
        guard Int.random(in: 0..<4, using: &random) > 0,
            var bytes = seeds.randomElement(using: &random)
        else { return noise(Int.random(in: 0...90, using: &random), &random) }
        for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            let byte = noise(1, &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes.replaceSubrange(index...index, with: byte)
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(contentsOf: byte, at: index)
            default: bytes.removeSubrange(index...)
            }
        }
        return bytes
    }
}
