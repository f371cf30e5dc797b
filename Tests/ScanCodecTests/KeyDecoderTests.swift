import ScanCodec
import Testing

/// Transcripts of keyboard scanners, one per rule of reading them.
struct KeyDecoderTests {
    private let printable = String((0x20...0x7E).map { Character(Unicode.Scalar($0)) })

    @Test func `every printable character of the US layout comes out as typed`() {
        let typed = keyboard {
            $0.type(printable)
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [emit(printable)])
    }

    @Test(arguments: [Keyboard.enter, Keyboard.keypadEnter, Keyboard.tab])
    func `a suffix key ends the scan when it goes down`(suffix: UInt16) {
        let typed = keyboard {
            $0.type("40")
            $0.report((suffix, 1))
        }

        #expect(typed.play(callsIdle: false) == [emit("40")])
    }

    @Test(arguments: ["m", "j", "i", "M"])
    func `Ctrl with M, J or I ends the scan`(letter: String) {
        let typed = keyboard {
            $0.type("40")
            $0.hold(Keyboard.leftControl) { $0.type(letter) }
        }

        #expect(typed.play(callsIdle: false) == [emit("40")])
    }

    @Test(
        arguments: [
            ("a", 0x01), ("z", 0x1A), ("[", 0x1B), ("\\", 0x1C), ("]", 0x1D), ("^", 0x1E),
            ("_", 0x1F), ("6", 0x1E), ("-", 0x1F),
        ] as [(String, UInt8)]
    )
    func `Ctrl with a key is a control byte`(key: String, byte: UInt8) {
        let typed = keyboard {
            $0.type("4")
            $0.hold(Keyboard.leftControl) { $0.type(key) }
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [.emit([0x34, byte])])
    }

    @Test func `function key 8 is the separator of GS1 codes`() {
        let typed = keyboard {
            $0.type("10A")
            $0.stroke(66)
            $0.type("99")
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [emit("10A\u{1D}99")])
    }

    @Test func `Shift counts in either order inside one report`() {
        let typed = keyboard {
            $0.report((30, 1), (Keyboard.leftShift, 1))
            $0.report((30, 0), (Keyboard.leftShift, 0))
            $0.report((Keyboard.leftShift, 1), (48, 1))
            $0.report((48, 0), (Keyboard.leftShift, 0))
            $0.report((Keyboard.leftShift, 1))
            $0.report((46, 1))
            $0.report((46, 0))
            $0.report((32, 1), (Keyboard.leftShift, 0))
            $0.report((32, 0))
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [emit("ABCd")])
    }

    @Test func `a press that rolls over the last key's release keeps both`() {
        let typed = keyboard {
            $0.report((5, 1))
            $0.report((11, 1), (5, 0))
            $0.report((3, 1), (11, 0))
            $0.report((3, 0))
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [emit("402")])
    }

    @Test func `repeats are ignored`() {
        let typed = keyboard {
            $0.report((5, 1))
            $0.report((5, 2))
            $0.report((5, 2))
            $0.report((5, 0))
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [emit("4")])
    }

    @Test(arguments: [(999, [emit("40")]), (1_000, [.void(.heldKey)])] as [(Int, [ScanAction])])
    func `a key down for a second voids the scan`(heldMs: Int, expected: [ScanAction]) {
        let typed = keyboard {
            $0.type("4")
            $0.report((11, 1))
            $0.at += .milliseconds(heldMs) - $0.reportGap
            $0.report((11, 0))
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play(callsIdle: false) == expected)
        #expect(typed.play(callsIdle: true) == expected)
    }

    @Test func `a lost key-up becomes no scan, however long the kernel repeats the key`() {
        let typed = keyboard {
            $0.type("40")
            $0.report((11, 1))
            for _ in 0..<60 {
                $0.at += .milliseconds(33)
                $0.report((11, 2))
            }
        }

        #expect(typed.play() == [.void(.heldKey)])
        #expect(typed.play(callsIdle: false) == [.void(.heldKey)])
    }

    @Test func `Enter that stays down after a scan voids nothing`() {
        let typed = keyboard {
            $0.type("40")
            $0.report((Keyboard.enter, 1))
            $0.at += .seconds(5)
            $0.report((Keyboard.enter, 0), (5, 1))
            $0.report((5, 0))
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [emit("40"), emit("4")])
    }

    @Test func `dropped events void the scan and what follows until a quiet gap`() {
        let typed = keyboard {
            $0.type("40")
            $0.dropped()
            $0.report((3, 1))
            $0.type("23")
            $0.stroke(Keyboard.enter)
            $0.at += KeyDecoder.quietGap
            $0.type("6")
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [.void(.dropped), emit("6")])
    }

    @Test func `a gap shorter than the quiet gap does not end the discarding`() {
        let typed = keyboard {
            $0.dropped()
            $0.report((3, 1))
            $0.stroke(4)
            $0.at += KeyDecoder.quietGap - .milliseconds(9)
            $0.type("23")
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [.void(.dropped)])
    }

    @Test func `dropped events between scans void too, for nobody knows what was lost`() {
        let typed = keyboard { $0.dropped() }

        #expect(typed.play() == [.void(.dropped)])
    }

    @Test func `Shift that is still down after a drop counts`() {
        var decoder = KeyDecoder()
        var typed = keyboard {
            $0.dropped()
            $0.report()
        }
        #expect(typed.play(on: &decoder) == [.void(.dropped)])
        decoder.resumeAfterDrop(pressed: [Keyboard.leftShift, 30, 700])

        typed.events = []
        typed.at += .seconds(1)
        typed.stroke(30)
        typed.report((Keyboard.leftShift, 0))
        typed.stroke(30)
        typed.stroke(Keyboard.enter)
        #expect(typed.play(on: &decoder) == [emit("Aa")])
    }

    @Test func `a suffix before the scan, as some scanners send it, is no scan`() {
        let typed = keyboard {
            $0.stroke(Keyboard.enter)
            $0.type("40")
            $0.stroke(Keyboard.enter)
            $0.stroke(Keyboard.tab)
        }

        #expect(typed.play() == [emit("40")])
    }

    @Test func `the NumLock presses that frame Alt numbers are no characters`() {
        let typed = keyboard {
            $0.stroke(Keyboard.numLock)
            $0.type("40")
            $0.stroke(Keyboard.numLock)
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [emit("40")])
    }

    @Test func `CapsLock counts only if the scanner presses it`() {
        let typed = keyboard {
            $0.stroke(Keyboard.capsLock)
            $0.type("aB1")
            $0.stroke(Keyboard.capsLock)
            $0.type("a!")
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [emit("Ab1a!")])
    }

    @Test func `a CapsLock that was never taken back ends with its burst`() {
        let typed = keyboard {
            $0.stroke(Keyboard.capsLock)
            $0.type("a")
            $0.stroke(Keyboard.enter)
            $0.at += .seconds(1)
            $0.type("a")
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [emit("A"), emit("a")])
    }

    @Test func `keys with Meta or right Alt type nothing`() {
        let typed = keyboard {
            $0.hold(125) { $0.type("r") }
            $0.hold(100) { $0.type("q") }
            $0.stroke(59)
            $0.stroke(103)
            $0.type("4")
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [emit("4")])
    }

    @Test func `keys that edit are bytes, so that the code is refused`() {
        let typed = keyboard {
            $0.stroke(1)
            $0.stroke(14)
            $0.stroke(111)
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [.emit([0x1B, 0x08, 0x7F])])
    }

    @Test func `the keypad types digits and signs without Alt`() {
        let typed = keyboard {
            for code in [82, 79, 80, 81, 75, 76, 77, 71, 72, 73, 55, 74, 78, 83, 98] as [UInt16] {
                $0.stroke(code)
            }
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [emit("0123456789*-+./")])
    }

    @Test func `a key code beyond the table is ignored`() {
        let typed = keyboard {
            for code in [0, 113, 128, 255, 256, 0x2FF, .max] as [UInt16] { $0.stroke(code) }
            $0.type("4")
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [emit("4")])
    }

    /// HID usages as recorded from a real scanner (julzhk/usb_barcode_scanner, issue 7).
    @Test func `a recorded stream of a real scanner gives its address`() {
        let usages: [UInt8] = [
            83, 11, 23, 23, 19, 22, 51, 56, 56, 21, 8, 25, 19, 4, 28, 55, 24, 14, 56, 34, 31, 30,
            39, 38, 35, 30, 37, 40,
        ]
        let letters: [UInt16] = [
            30, 48, 46, 32, 18, 33, 34, 35, 23, 36, 37, 38, 50, 49, 24, 25, 16, 19, 31, 20, 22, 47,
            17, 45, 21, 44,
        ]
        let typed = keyboard {
            for usage in usages {
                switch usage {
                case 4...29: $0.stroke(letters[Int(usage) - 4])
                case 30...39: $0.stroke(UInt16(usage) - 28)
                case 40: $0.stroke(Keyboard.enter)
                case 51: $0.hold(Keyboard.leftShift) { $0.stroke(39) }
                case 55: $0.stroke(52)
                case 56: $0.stroke(53)
                default: $0.stroke(Keyboard.numLock)
                }
            }
        }

        #expect(typed.play() == [emit("https://revpay.uk/52109618")])
    }
}
