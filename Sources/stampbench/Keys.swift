import ArgumentParser
import CDevices
import Glibc
import LoyaltyCore
import ScanCodec

/// Writes what a keyboard scanner's node delivers for some scans, byte for byte.
struct Record: ParsableCommand {
    @Argument(help: "The file to write: a sequence of struct input_event.")
    var path: String
    @Argument(help: "How many scans.")
    var scanCount: Int64

    func run() throws {
        var recording = KeyRecording()
        for index in 0..<scanCount {
            let member = try Workload.member(index * 104_729)
            recording.type(
                index.isMultiple(of: 4)
                    ? "/" + String(1_000_000 + index).suffix(4) + "A.B"
                    : Workload.card(of: member)
            )
        }
        let bytes = recording.bytes
        let descriptor = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        guard write(descriptor, bytes, bytes.count) == bytes.count
        else { throw BenchError("\(path) cannot be written") }
    }
}

/// How fast a recording of key events becomes codes.
struct Keys: ParsableCommand {
    @Argument(help: "What 'record' wrote.")
    var path: String
    @Argument(help: "How often to read it.")
    var repeatCount: Int

    func run() throws {
        let bytes = try wholeFile()
        var rates: [Double] = []
        var codeCount = 0
        for _ in 0..<repeatCount {
            let started = monotonicNow()
            codeCount = try decode(bytes)
            let count = Double(bytes.count / MemoryLayout<input_event>.size)
            rates.append(count / ((monotonicNow() - started) / .seconds(1)))
        }
        report(["events_per_s": median(rates), "codes": Double(codeCount)])
    }

    /// Reads all events as the keyboard's reader does, and each scan as the counter does.
    private func decode(_ bytes: [UInt8]) throws -> Int {
        var decoder = KeyDecoder()
        var codeCount = 0
        try bytes.withUnsafeBytes { events in
            for event in events.bindMemory(to: input_event.self) {
                let at = Duration.microseconds(
                    Int64(event.time.tv_sec) * 1_000_000 + Int64(event.time.tv_usec)
                )
                let key = KeyEvent(type: event.type, code: event.code, value: event.value, at: at)
                guard case .emit(let text) = decoder.consume(key) else { continue }
                let (aim, content) = AIMIdentifier.split(text)
                _ = try ScannedCode(content, aim: aim)
                codeCount += 1
            }
        }
        return codeCount
    }

    private func wholeFile() throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 {
            bytes += buffer.prefix(count)
        }
        guard !bytes.isEmpty else { throw BenchError("\(path) is empty or missing") }
        return bytes
    }
}

/// Key events as the kernel writes them, from text.
private struct KeyRecording {
    private var events: [input_event] = []
    private var timeUs = 1_000_000_000

    /// One report of a scanner that is polled every 8 ms.
    private static let reportUs = 8_000

    var bytes: [UInt8] { events.withUnsafeBytes(Array.init) }

    /// Types a scan and Enter.
    mutating func type(_ text: some StringProtocol) {
        for character in text {
            let isShifted = character.isLetter
            if isShifted { press(KEY_LEFTSHIFT, 1) }
            stroke(Self.key(of: character))
            if isShifted { press(KEY_LEFTSHIFT, 0) }
        }
        stroke(KEY_ENTER)
        timeUs += 500_000
    }

    private mutating func stroke(_ key: CInt) {
        press(key, 1)
        press(key, 0)
    }

    private mutating func press(_ key: CInt, _ value: CInt) {
        timeUs += Self.reportUs
        append(EV_KEY, key, value)
        append(EV_SYN, SYN_REPORT, 0)
    }

    private mutating func append(_ type: CInt, _ code: CInt, _ value: CInt) {
        var event = input_event()
        event.time.tv_sec = timeUs / 1_000_000
        event.time.tv_usec = timeUs % 1_000_000
        event.type = UInt16(type)
        event.code = UInt16(code)
        event.value = value
        events.append(event)
    }

    private static func key(of character: Character) -> CInt {
        switch character {
        case "0": KEY_0
        case "1"..."9": KEY_1 + CInt(character.wholeNumberValue ?? 1) - 1
        case "/": KEY_SLASH
        case ".": KEY_DOT
        case "A": KEY_A
        default: KEY_B
        }
    }
}
