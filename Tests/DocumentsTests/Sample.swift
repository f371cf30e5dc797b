import Documents

/// Programmes' files for tests to break.
enum Sample {
    static let programme = """
        programme: qingtian-coffee
        version: 3
        title: {zh-Hant: 青田咖啡集點, en: Qingtian Coffee rewards}
        currency: TWD
        utcOffset: "+08:00"
        dayTurnsAtHour: 4
        from: 2026-01-01
        through: 2027-12-31
        amountMax: 100000
        receipts: {ageDaysMax: 3, sellers: ["01234567"]}
        cards:
          - id: latte
            title: {zh-Hant: 拿鐵集點卡, en: Latte card}
            reward: {zh-Hant: 一杯拿鐵, en: one latte}
            stamps: 10
            perVisit: 2
            stampsEach: sale
            guard: {hours: 3}
        rules:
          - {id: base, per: 35, give: 1, when: {from: 2026-01-01, through: 2026-12-31}}

        """

    /// The names that a programme has, as a message lists them.
    static let names =
        "programme, version, title, currency, utcOffset, dayTurnsAtHour, from, through, amountMax,"
        + " receipts, policies, assets, lists, cards, rules, rewards, tiers, limits, cashiersEarn"

    /// What is said to the writer of a programme's file; `no mistake` if nothing is.
    static func message(of yaml: some StringProtocol) -> String {
        do throws(DocumentError) {
            _ = try ProgrammeDocument.programme(from: String(yaml), file: "p.yaml")
            return "no mistake"
        } catch {
            return "\(error)"
        }
    }
}
