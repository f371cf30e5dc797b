import ArgumentParser
import Glibc
import LoyaltyCore
import StampHQ
import SyncWire

/// Who the members are.
struct Members: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Import members.",
        subcommands: [Import.self]
    )

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add or change members from a CSV file in UTF-8.",
            discussion: """
                The first line names the columns: number (14 digits), name or maskedName, and, if \
                wanted, mobileBarcode, blocked (1 or 0), birthday (05-20; a year is dropped), \
                referred (1 or 0: a friend invited the member) and tierFloor (a tier's id). A \
                column that is left out is emptied. Full names are masked (王○明) before they reach \
                the database. May be stopped and repeated: rows are written in blocks, and a \
                member that is there is changed. Refused rows are listed with their lines, the \
                others are taken; then the exit status is 1.
                """
        )

        @OptionGroup var data: DataOption
        @Argument(help: "The file, or - for standard input.")
        var file: String

        func run() async throws {
            try await AdminClient.run(data) { hq in
                var run = MemberImport(hq: hq)
                try await run.read(file)
                print("\(run.takenCount) members taken, \(run.refusedCount) rows refused.")
                if run.refusedCount > 0 { throw CommandError.rowsRefused(run.refusedCount) }
            }
        }
    }
}

/// One import: reads blocks of the file, sends blocks of members, tells how far it is.
private struct MemberImport {
    let hq: AdminClient
    private(set) var takenCount = 0
    private(set) var refusedCount = 0
    private var block: [(member: Member, line: Int)] = []
    private let clock = ContinuousClock()
    private let startedAt: ContinuousClock.Instant
    private var toldAt: ContinuousClock.Instant

    /// Members of one transaction.
    ///
    /// Source: measured; larger blocks are no faster, and a stopped import loses at most one.
    private static let blockCount = 5_000
    /// Most refused rows that are listed one by one.
    private static let listedCountMax = 100

    init(hq: AdminClient) {
        self.hq = hq
        startedAt = clock.now
        toldAt = clock.now
    }

    mutating func read(_ path: String) async throws {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CommandError.file(path, errno) }
        defer { close(descriptor) }
        var file = MemberFile()
        var chunk = [UInt8](repeating: 0, count: 262_144)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw CommandError.file(path, errno) }
            if count == 0 { break }
            try await take(try file.feed(chunk.prefix(count)))
        }
        try await take(try file.finish())
        try await send()
        tell(isLast: true)
    }

    private mutating func take(_ rows: [MemberFile.Row]) async throws {
        for row in rows {
            switch row {
            case .member(let member, let line): block.append((member, line))
            case .refused(let error): refuse("\(error)")
            }
            if block.count == Self.blockCount { try await send() }
        }
    }

    private mutating func send() async throws {
        guard !block.isEmpty else { return }
        let answer = try await hq.post(
            "/v1/members",
            bytes: MemberTable.bytes(of: block.map(\.member))
        )
        let refused = (answer["refused"]?.arrayValue ?? []).compactMap(\.integerValue)
        for index in refused {
            refuse("line \(block[Int(index)].line): the mobile barcode is another member's")
        }
        takenCount += block.count - refused.count
        block = []
        tell(isLast: false)
    }

    private mutating func refuse(_ reason: String) {
        refusedCount += 1
        if refusedCount <= Self.listedCountMax { write("\(reason)\n") }
    }

    private mutating func tell(isLast: Bool) {
        let now = clock.now
        guard isLast || now - toldAt >= .seconds(1) else { return }
        toldAt = now
        let elapsed = max(0.001, (now - startedAt) / .seconds(1))
        write("\(takenCount) members, \(Int(Double(takenCount) / elapsed)) a second\n")
    }

    private func write(_ text: String) {
        FileOutput.standardError.write(text)
    }
}

/// Text for people while a command works.
struct FileOutput {
    static let standardError = Self(descriptor: STDERR_FILENO)
    let descriptor: Int32

    func write(_ text: String) {
        let bytes = Array(text.utf8)
        // Progress that nobody can read is no reason to stop.
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}
