import ArgumentParser
import LoyaltyCore

/// `stampctl key`: the key that proves who this device is.
struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Change the key that proves who this device is.",
        subcommands: [KeyRotate.self]
    )
}

/// `stampctl key rotate`: has the agent go on under a new key.
struct KeyRotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract:
            "Have the agent make a new key and tell HQ, as when staff who could copy it leave.",
        discussion: """
            The agent does so by itself once a year. The new key is on the disk before HQ hears of \
            it; asking again before HQ has acknowledged it changes nothing. Nobody has to do \
            anything at HQ, and the tills go on.
            """
    )

    @OptionGroup var agent: AgentOption

    func run() async throws {
        let reply = try await agent.socket.post("/v1/key/rotations", json: Array("{}".utf8))
        guard reply.status == 200 else { throw AgentError.refused(reply) }
        let told = try CanonicalJSON(parsing: reply.content)
        let keyID = told["keyID"]?.stringValue ?? "?"
        let entry = told["entry"]?.integerValue ?? 0
        print(
            told["isAcknowledged"]?.boolValue == true
                ? "The device's key is \(keyID)."
                : "Entry \(entry) tells HQ of key \(keyID), which is used from then on; the old one"
                    + " stays for what it signed."
        )
    }
}
