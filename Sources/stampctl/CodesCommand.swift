import ArgumentParser
import Documents
import LoyaltyCore
import ScanCodec

extension ProgrammeCommand {
    /// `stampctl programme codes`: what the sheets say by which the till chooses rewards.
    struct Codes: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "codes",
            abstract: "Print the eleven digits of each reward's sheet.",
            discussion: """
                A line for each reward that has a code: its id, its title, and the digits to print \
                as a QR code or a Code 128. Prints the sheet that hands over what is chosen as \
                well. Exits with 1 if no reward has a code.
                """
        )

        @Argument(help: "The programme file.")
        var file: String

        func run() throws {
            let programme = try ProgrammeDocument.programme(
                from: DocumentFile.text(at: file),
                file: file
            )
            let sheets = programme.rewards.compactMap { reward in
                reward.code.map { (reward, ControlCommand.sheet(ofReward: $0)) }
            }
            guard !sheets.isEmpty else {
                print("\(file): no reward has a code: add 'code: 101' to those with a sheet")
                throw ExitCode.failure
            }
            for (reward, digits) in sheets {
                print("\(digits)  \(reward.id)  \(reward.title.zhHant) / \(reward.title.en)")
            }
            print("\(ControlCommand.redeemSheet)  -  兌換 / hand over what is chosen")
        }
    }
}
