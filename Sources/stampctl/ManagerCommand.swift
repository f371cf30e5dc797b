import ArgumentParser
import DaemonKit
import Glibc
import LoyaltyCore
import ScanCodec

/// `stampctl manager`: who may allow a compensation.
struct ManagerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manager",
        abstract: "Make the secrets of managers' one-time codes.",
        subcommands: [Secret.self]
    )

    struct Secret: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a new secret for a manager, and say what their phone needs of it.",
            discussion: """
                Writes the secret to a new file that only its owner can read, and prints an \
                otpauth address, once: show it to the manager's authenticator app as a QR code \
                (qrencode -t ansiutf8), and keep it nowhere. Then name the file in stampd.yaml \
                under 'managers', give it to the agent's user, and restart the agent.
                """
        )

        @Argument(help: "The manager's name in entries and reports: 1 to 40 of a-z, 0-9 and -.")
        var id: String
        @Option(help: "The new file, such as /etc/stampd/manager-anna.secret.")
        var to: String
        @Option(help: "What the app calls the store.")
        var store = "stampd"

        /// Bytes of a secret.
        ///
        /// Source: RFC 4226 section 4, R6, which recommends 160 bits.
        static let byteCount = 20

        func validate() throws {
            guard Programme.isIdentifier(id)
            else { throw ValidationError("a manager's name is 1 to 40 of a-z, 0-9 and -") }
            guard Programme.isIdentifier(store)
            else { throw ValidationError("--store is the store's name in stampd.yaml") }
            guard access(to, F_OK) != 0
            else { throw ValidationError("\(to) is there: give a new file's name") }
        }

        func run() throws {
            let secret = try SecretFile.readOrMake(to) {
                (0..<Self.byteCount).map { _ in UInt8.random(in: .min ... .max) }
            }
            print(Self.address(of: secret, id: id, store: store))
        }

        /// The address by which authenticator apps take a secret over (the Key Uri Format of
        /// google-authenticator's wiki); both names are identifiers, so nothing is escaped.
        static func address(of secret: [UInt8], id: String, store: String) -> String {
            "otpauth://totp/\(store):\(id)?secret=\(base32(secret))&issuer=\(store)"
                + "&algorithm=SHA1&digits=\(TOTP.digitCount)&period=\(TOTP.stepS)"
        }

        /// RFC 4648 section 6, without padding.
        static func base32(_ bytes: [UInt8]) -> String {
            let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
            var (text, bits, count) = ("", 0, 0)
            for byte in bytes {
                (bits, count) = (bits << 8 | Int(byte), count + 8)
                while count >= 5 {
                    count -= 5
                    text.append(letters[bits >> count & 31])
                }
                bits &= 1 << count - 1
            }
            if count > 0 { text.append(letters[bits << (5 - count) & 31]) }
            return text
        }
    }
}
