import DaemonKit
import Documents
import Logging
import StampAgent

/// The secrets of the managers' one-time codes.
enum ManagerSecrets {
    /// Bytes of a secret, as `stampctl manager secret` makes one.
    ///
    /// Source: RFC 4226 section 4, R6, which recommends 160 bits.
    static let byteCount = 20

    /// Reads the secrets of the managers that a configuration names.
    ///
    /// A secret that cannot be read costs that manager's codes and nothing else: the tills go on,
    /// and the log says what to do.
    static func load(_ configuration: AgentConfiguration, logger: Logger) -> [Manager] {
        let directory = Credentials.directoryFromEnvironment()
        return configuration.managers.compactMap { manager in
            do {
                let secret = try read(manager.secret, in: directory)
                guard let secret, let made = Manager(id: manager.id, secret: secret) else {
                    logger.error(
                        "manager has no secret",
                        metadata: [
                            "manager": "\(manager.id)",
                            "advice": "make it with 'stampctl manager secret'",
                        ]
                    )
                    return nil
                }
                return made
            } catch {
                logger.error(
                    "manager's secret not read",
                    metadata: ["manager": "\(manager.id)", "error": "\(error)"]
                )
                return nil
            }
        }
    }

    private static func read(
        _ secret: String,
        in directory: String?
    ) throws(SecretFileError) -> [UInt8]? {
        secret.hasPrefix("/")
            ? try SecretFile.read(secret, byteCount: byteCount)
            : try Credentials.read(secret, in: directory, byteCount: byteCount)
    }
}
