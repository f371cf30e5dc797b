import ScanCodec
import Testing

/// Characters that a scanner types as Alt and a number on the keypad.
struct KeyDecoderNumpadTests {
    @Test(
        arguments: [
            ("65", [0x41]), ("065", [0x41]), ("0065", [0x41]), ("0", [0]), ("255", [0xFF]),
            ("0176", [0xB0]), ("256", [0xC4, 0x80]), ("20083", [0xE4, 0xB9, 0xB3]),
        ] as [(String, [UInt8])]
    )
    func `a number is a byte, or a code point if it is no byte`(number: String, bytes: [UInt8]) {
        #expect(typed(number).play() == [.emit(bytes)])
    }

    @Test(
        arguments: [
            ("65", [0x41]), ("0176", [0xC2, 0xB0]), ("255", [0xC3, 0xBF]),
            ("20083", [0xE4, 0xB9, 0xB3]), ("128512", [0xF0, 0x9F, 0x98, 0x80]),
            ("1114111", [0xF4, 0x8F, 0xBF, 0xBF]),
        ] as [(String, [UInt8])]
    )
    func `a number is a code point where the scanner is set so`(number: String, bytes: [UInt8]) {
        #expect(typed(number).play(KeySettings(altNumpad: .unicode)) == [.emit(bytes)])
    }

    @Test(arguments: ["55296", "1114112", "99999999", "999999999", "4294967296"])
    func `a number that is no character voids the scan`(number: String) {
        #expect(typed(number).play() == [.void(.badNumpad)])
    }

    @Test func `Big5 bytes come through one by one`() {
        let text: [UInt8] = [0xB0, 0xAE, 0xB9, 0x71]
        let typed = keyboard {
            for byte in text { $0.typeNumpad("0\(byte)") }
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [.emit(text)])
    }

    @Test func `typed and numbered characters mix, NumLock or not`() {
        let typed = keyboard {
            $0.type("4")
            $0.stroke(Keyboard.numLock)
            $0.typeNumpad("048")
            $0.stroke(Keyboard.numLock)
            $0.type("2")
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [emit("402")])
    }

    @Test func `Alt with 13 ends the scan and Alt with 10 after it adds nothing`() {
        let typed = keyboard {
            $0.typeNumpad("052")
            $0.typeNumpad("013")
            $0.typeNumpad("010")
            $0.typeNumpad("053")
            $0.typeNumpad("013")
        }

        #expect(typed.play() == [emit("4"), emit("5")])
    }

    @Test func `the next key in the report that lifts Alt comes after the number`() {
        let typed = keyboard {
            $0.report((Keyboard.leftAlt, 1), (75, 1))
            $0.report((75, 0))
            $0.report((81, 1))
            $0.report((81, 0), (Keyboard.leftAlt, 0), (11, 1))
            $0.report((11, 0))
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [emit("+0")])
    }

    @Test func `a silence inside a number voids the scan`() {
        let typed = keyboard {
            $0.type("40")
            $0.report((Keyboard.leftAlt, 1))
            $0.stroke(75)
        }

        #expect(typed.play() == [.void(.stalled)])
    }

    @Test func `letters with Alt type nothing`() {
        let typed = keyboard {
            $0.hold(Keyboard.leftAlt) { $0.type("f") }
            $0.type("4")
            $0.stroke(Keyboard.enter)
        }

        #expect(typed.play() == [emit("4")])
    }

    private func typed(_ number: String) -> Keyboard {
        keyboard {
            $0.typeNumpad(number)
            $0.stroke(Keyboard.enter)
        }
    }
}
