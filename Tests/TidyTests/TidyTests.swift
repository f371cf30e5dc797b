import Foundation
import Testing

/// Rules about the source text that neither the compiler nor swift-format checks.
struct TidyTests {
    /// What a pure target may import.
    ///
    /// SwiftPM guards edges between our targets, but not the modules that come with the toolchain:
    /// nothing else stops `import Glibc` in a rule.
    static let pureImports: [(target: String, modules: Set<String>)] = [
        ("LoyaltyCore", []),
        ("ScanCodec", ["LoyaltyCore", "Crypto", "CryptoExtras"]),
        ("SyncWire", ["LoyaltyCore", "Crypto", "CZlib"]),
    ]

    /// Text that needs a reason, with the reason it needs one.
    static let bannedText = [
        "try!": "handle the error, or `preconditionFailure` with a reason",
        "try? ": "a swallowed error needs a word of why",
        "Task {": "use a task group or a Service, so that someone awaits it",
        "Task.detached": "use a task group or a Service, so that someone awaits it",
        "@unchecked Sendable": "use an actor, a Mutex, or a value type",
        "nonisolated(unsafe)": "use an actor, a Mutex, or a value type",
    ]

    /// Most characters of a line; the length that swift-format keeps for code.
    static let lineCharacterCountMax = 100
    /// Most lines of a source file without a reason at its top.
    static let fileLineCountMax = 400
    /// Most lines of a function without a reason above it.
    static let functionLineCountMax = 60

    @Test(arguments: pureImports.map(\.target))
    func `a pure target imports no module that can do I/O`(target: String) throws {
        let allowed = try #require(Self.pureImports.first { $0.target == target }).modules

        let files = try SourceFile.all(in: "Sources/\(target)")
        #expect(!files.isEmpty)
        for file in files {
            for module in file.imports where !allowed.contains(module) {
                Issue.record("\(file.path): a pure target imports \(module)")
            }
        }
    }

    /// Foundation's clocks and file handles are a name away once it is there.
    @Test func `no pure target reads a clock, a locale or a file`() throws {
        let words = ["ContinuousClock", "SuspendingClock", "Date()", "Locale", "getenv", "fopen"]
        for (target, _) in Self.pureImports {
            for file in try SourceFile.all(in: "Sources/\(target)") {
                for (number, line) in file.code {
                    for word in words where line.contains(word) {
                        Issue.record("\(file.path):\(number): a pure target uses \(word)")
                    }
                }
            }
        }
    }

    /// swift-format lets a long comment pass.
    @Test func `no line is longer than 100 characters, comments included`() throws {
        for file in try SourceFile.all(in: "Sources") + SourceFile.all(in: "Tests") {
            for (index, line) in file.lines.enumerated()
            where line.count > Self.lineCharacterCountMax {
                Issue.record("\(file.path):\(index + 1): \(line.count) characters")
            }
        }
    }

    @Test func `banned text carries its reason on the line above`() throws {
        for file in try SourceFile.all(in: "Sources") {
            for (number, line) in file.code {
                guard let (text, hint) = Self.bannedText.first(where: { line.hasWords($0.key) })
                else { continue }
                guard !file.isAllowed(at: number) else { continue }
                Issue.record("\(file.path):\(number): \(text): \(hint)")
            }
        }
    }

    @Test func `a file past 400 lines says why it is not two`() throws {
        for file in try SourceFile.all(in: "Sources") {
            let isAllowed = file.lines.prefix(5).contains { $0.contains("// Allowed:") }
            guard file.lines.count > Self.fileLineCountMax, !isAllowed else { continue }
            Issue.record("\(file.path): \(file.lines.count) lines")
        }
    }

    @Test func `a function past 60 lines says why it is not two`() throws {
        for file in try SourceFile.all(in: "Sources") {
            for function in file.functions where function.lineCount > Self.functionLineCountMax {
                guard !file.isAllowed(at: function.line) else { continue }
                Issue.record("\(file.path):\(function.line): \(function.lineCount) lines")
            }
        }
    }

    @Test func `no unfinished business is left in a comment`() throws {
        // Written apart, or this file would find itself.
        let words = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
        for file in try SourceFile.all(in: "Sources") + SourceFile.all(in: "Tests") {
            for (index, line) in file.lines.enumerated() {
                for word in words where line.contains("// \(word)") {
                    Issue.record("\(file.path):\(index + 1): \(word): do it, or write an issue")
                }
            }
        }
    }

    /// The rules themselves are code, and must be able to fail.
    @Test func `the rules see what they are meant to see`() {
        let file = SourceFile(
            path: "a.swift",
            text: """
                public import struct Foundation.Data
                @testable import StampAgent
                // import Nothing
                func short() {
                }
                    func long(
                        of: Int
                    ) -> Int {
                        // Task {
                        1
                    }
                let x = try! f()
                func g() -> Entry? { addTask { 1 } }
                """
        )

        #expect(file.imports == ["Foundation", "StampAgent"])
        #expect(file.functions == [.init(line: 4, lineCount: 2), .init(line: 6, lineCount: 6)])
        #expect(!file.code.contains { $0.line.hasWords("Task {") })
        #expect(file.lines[11].hasWords("try!"))
        #expect(!file.lines[12].hasWords("try? "))
        #expect(!file.lines[12].hasWords("Task {"))
    }
}
