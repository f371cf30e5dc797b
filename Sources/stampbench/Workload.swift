import DaemonKit
import Documents
import LedgerDB
import LoyaltyCore
import SyncWire

/// The store that is measured: its programme, its members and its sales.
enum Workload {
    /// A card of ten and points, without a guard, so that every sale is an award.
    static func programme() throws -> Programme {
        try ProgrammeDocument.programme(from: programmeText, file: "programme.yaml")
    }

    private static let programmeText = """
        programme: bench
        version: 1
        title: {zh-Hant: 青田咖啡集點, en: Qingtian Coffee rewards}
        currency: TWD
        utcOffset: "+08:00"
        from: 2020-01-01
        through: 2099-12-31
        amountMax: 100000
        receipts: {ageDaysMax: 366}
        cards:
          - id: latte
            title: {zh-Hant: 拿鐵集點卡, en: Latte card}
            reward: {zh-Hant: 一杯拿鐵, en: one latte}
            stamps: 10
            perVisit: 1
            stampsEach: visit
            guard: none
        rules:
          - {id: base, per: 35, give: 1}

        """

    /// A sale that the POS reports; its number makes its key and its amount.
    static func sale(_ index: Int64) throws -> Sale {
        let digits = String(index)
        let padded = String(repeating: "0", count: max(0, 10 - digits.count)) + digits
        guard let key = SaleKey("pos/\(padded)") else { throw BenchError("no key: \(padded)") }
        return Sale(
            key: key,
            evidence: .pos,
            amount: 35 + index % 1_000,
            businessDate: BusinessDate(dayNumber: 20_779),
            opensVisit: true,
            till: "1"
        )
    }

    /// A member by position.
    static func member(_ index: Int64) throws -> MemberNumber {
        guard let member = MemberNumber(value: index) else {
            throw BenchError("no member \(index)")
        }
        return member
    }

    /// The printed card of a member: kind 4, the number, and two digits of ISO 7064 MOD 97-10.
    static func card(of member: MemberNumber) -> String {
        let digits = "4\(member)"
        let remainder = digits.utf8.reduce(0) { ($0 * 10 + Int($1 - 0x30)) % 97 }
        let check = 98 - remainder * 100 % 97
        return digits + (check < 10 ? "0" : "") + String(check)
    }

    /// What the clocks say at a sale: one a second from 2026-11-22 on.
    static func reading(_ index: Int64) -> ClockReading {
        ClockReading(
            wall: WallTime(unixMs: 1_795_320_000_000 + index * 1_000),
            quality: .ntp,
            sinceBootMs: index * 1_000
        )
    }

    /// Imports the first members.
    static func importMembers(_ count: Int64, into ledger: Ledger) async throws {
        for start in stride(from: 0, to: count, by: 5_000) {
            let rows = try (start..<min(start + 5_000, count)).compactMap { index in
                MemberRow(
                    number: try member(index),
                    maskedName: "王○明",
                    mobileBarcode: "/" + String(10_000_000 + index).suffix(7)
                )
            }
            try await ledger.importMembers(rows)
        }
    }

    /// A device of its own for a ledger that no agent opens.
    static let identity = LogIdentity(
        device: DeviceID(at: WallTime(unixMs: 1_790_000_000_000), random: Array(1...10)),
        epoch: 1,
        publicKey: Array(repeating: 7, count: 32),
        nonce: Array(repeating: 9, count: 16)
    )

    /// The same device under a key that signs.
    static func identity(of key: SigningKey) -> LogIdentity {
        LogIdentity(
            device: identity.device,
            epoch: 1,
            publicKey: key.publicKey.bytes,
            nonce: identity.nonce
        )
    }

    /// The device whose key lies in an agent's state directory.
    static func identity(ofAgentAt statePath: String) throws -> LogIdentity {
        let seed = try SecretFile.readOrMake("\(statePath)/device.key") {
            Array(repeating: 0, count: 32)
        }
        let nonce = try SecretFile.readOrMake("\(statePath)/device.nonce") {
            Array(repeating: 0, count: 16)
        }
        let name = try DurableFile.read("\(statePath)/device.id") ?? []
        guard let key = SigningKey(seed: seed),
            let device = DeviceID(String(decoding: name.prefix(36), as: UTF8.self))
        else { throw BenchError("\(statePath) is no agent's: run 'stampd identity' first") }
        return LogIdentity(
            device: device,
            epoch: 1,
            publicKey: key.publicKey.bytes,
            nonce: nonce
        )
    }

    /// Opens a ledger as the agent does, but without ballast.
    static func open(
        _ path: String,
        identity: LogIdentity = Self.identity,
        isDurable: Bool = true
    ) throws -> Ledger {
        var settings = Ledger.Settings(path: path)
        settings.ballastByteCount = 0
        settings.synchronous = isDurable ? .full : .off
        return try Ledger.open(
            settings,
            identity: identity,
            boot: BootFact(bootID: "00000000000000000000000000000001", version: "0.1.0"),
            at: reading(0)
        )
    }
}
