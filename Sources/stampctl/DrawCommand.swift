import ArgumentParser
import DaemonKit
import Foundation
import LoyaltyCore
import SyncWire

/// `stampctl draw`: checks what HQ drew.
struct DrawCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "draw",
        abstract: "Check a draw that HQ ran.",
        subcommands: [DrawVerify.self]
    )
}

/// `stampctl draw verify`: runs a draw again from what was published of it.
struct DrawVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Run a draw again from its published files, and compare the winners.",
        discussion: """
            Needs no agent and no network. Exits with 0 if the draw was run as announced, with 1 \
            and the first thing that does not fit if it was not, and with 2 if a file cannot be \
            read. With --member and --secret, which HQ tells each member alone, also tells what \
            this member's line holds, and exits with 1 if there is none.
            """
    )

    @Argument(help: "The proof that was published after the draw.")
    var proof: String

    @Argument(help: "The ticket list that was published with it.")
    var tickets: String

    @Option(help: "The announcement that was published before the draw, to compare.")
    var announcement: String?

    @Option(help: "A member's number, 14 digits.")
    var member: String?

    @Option(help: "This member's secret, 32 hexadecimal digits.")
    var secret: String?

    func run() throws {
        let number = try checkedMember()
        let bytes = try Self.read(proof, upTo: DrawProofV1.byteCountMax)
        let list = try Self.read(tickets, upTo: TicketListV1.byteCountMax)
        let published = try announcement.map {
            try Self.read($0, upTo: DrawAnnouncementV1.byteCountMax)
        }
        do throws(DrawError) {
            let proof = try DrawProofV1(parsing: bytes)
            let announcement: DrawAnnouncementV1? =
                if let published { try DrawAnnouncementV1(parsing: published) } else { nil }
            let list = try proof.verify(tickets: list, published: announcement)
            tell(proof)
            guard let number, let secret else { return }
            try tell(number, secret, proof, list)
        } catch {
            Self.fail("The draw does not hold: \(error).")
            throw ExitCode(1)
        }
    }

    private func checkedMember() throws -> MemberNumber? {
        guard (member == nil) == (secret == nil)
        else { throw ValidationError("Give --member and --secret together.") }
        guard let member else { return nil }
        guard let number = MemberNumber(member)
        else { throw ValidationError("A member's number has 14 digits.") }
        return number
    }

    private func tell(_ proof: DrawProofV1) {
        let draw = proof.announcement
        for winner in proof.winners { print("\(winner.name.text)  \(winner.prize)") }
        print(
            "Draw \(draw.id): \(proof.winners.count) winners of \(proof.ticketCount) tickets in"
                + " \(proof.lineCount) lines, drawn as announced."
        )
        if announcement == nil {
            print(
                "Announced with commitment \(draw.commitment): compare it with what was published."
            )
        }
        if let source = draw.publicSource, let value = proof.publicValue {
            print("Public value '\(value)': compare it with its source, \(source).")
        }
    }

    /// Tells a member what the own line holds.
    ///
    /// - Throws: `DrawError.noEntry` for a member without one.
    private func tell(
        _ member: MemberNumber,
        _ secret: String,
        _ proof: DrawProofV1,
        _ list: TicketListV1
    ) throws(DrawError) {
        guard let entry = DrawEntry(of: member, in: proof.announcement.id, secret: secret),
            let line = list.index(of: entry.name)
        else { throw .noEntry }
        print("The member's line is \(entry.name.text): \(list.ticketCount(ofLine: line)) tickets.")
        let prizes = proof.winners.filter { $0.name == entry.name }.map(\.prize)
        print(prizes.isEmpty ? "It has not won." : "It won: \(prizes.joined(separator: ", ")).")
    }

    private static func read(_ path: String, upTo byteCountMax: Int) throws -> [UInt8] {
        do throws(FileError) {
            if let bytes = try DurableFile.read(path, upTo: byteCountMax) { return bytes }
            fail("There is no \(path): check the path.")
        } catch {
            fail("\(error)")
        }
        throw ExitCode(2)
    }

    private static func fail(_ words: String) {
        FileHandle.standardError.write(Data("\(words)\n".utf8))
    }
}
