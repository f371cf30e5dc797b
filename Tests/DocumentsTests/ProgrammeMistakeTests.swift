import Testing

/// Each way to write a part of a programme wrongly, and what its writer is told.
struct ProgrammeMistakeTests {
    typealias Row = ProgrammeLintTests.Row

    @Test(arguments: rules + moved + conditions + others)
    func `a mistake in a part is told with its place and what to write`(row: Row) {
        #expect(row.message == "p.yaml:" + row.expected)
    }

    static let rules: [Row] = [
        Row(
            "rules:\n  - {id: a}",
            "10:5: the rule says nothing of what it gives: add one of per, perUnits, "
                + "perSale, rate, bonus, multiply, win"
        ),
        Row(
            "rules:\n  - {id: a, give: 1}",
            "10:5: the rule says nothing of what it gives: add one of per, perUnits, "
                + "perSale, rate, bonus, multiply, win"
        ),
        Row(
            "rules:\n  - {id: a, per: 1, give: 1, bonus: 2}",
            "10:37: 'bonus' does not go with 'per': remove one of them"
        ),
        Row(
            "rules:\n  - {id: a, rate: 2, give: 1}",
            "10:28: 'give' does not go with 'rate': remove one of them"
        ),
        Row(
            "rules:\n  - {id: a, per: 1, give: 1, stacks: true}",
            "10:38: 'stacks' does not go with 'per': remove one of them"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, carryRemainder: true}",
            "10:39: 'carryRemainder' does not go with 'bonus': remove one of them"
        ),
        Row(
            "rules:\n  - {id: a, multiply: 2, caps: [{per: sale, max: 1}]}",
            "10:32: 'caps' does not go with 'multiply': remove one of them"
        ),
        Row(
            "rules:\n  - {id: a, multiply: two}",
            "10:23: 'multiply' is 'two': use a number such as 2, 2.3 or 23/10"
        ),
        Row(
            "rules:\n  - {id: a, multiply: 1.}",
            "10:23: 'multiply' is '1.': use a number such as 2, 2.3 or 23/10"
        ),
        Row(
            "rules:\n  - {id: a, rate: 0}",
            "10:19: rule a: rate is 0: use 1 to 1048576"
        ),
        Row(
            "rules:\n  - {id: a, rate: 3/2000000}",
            "10:19: rule a: rate is 2000000: use 1 to 1048576"
        ),
        Row(
            "rules:\n  - {id: a, give: 1, perSale: false}",
            "10:31: 'perSale' is false: use true, or remove it"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, of: coins}",
            "10:27: 'of' is 'coins': use points, value/paid, value/bonus, or one of stamps/, "
                + "voucher/, pass/ and ticket/ with a name of a-z, 0-9 and -"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, of: stamps/Latte}",
            "10:27: 'of' is 'stamps/Latte': use points, value/paid, value/bonus, or one of "
                + "stamps/, voucher/, pass/ and ticket/ with a name of a-z, 0-9 and -"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, group: Big Group}",
            "10:30: 'Big Group' is no identifier: use 1 to 40 of a-z, 0-9 and -"
        ),
        Row(
            "rules:\n  - {id: a, win: {odds: 2, stock: 1}}",
            "10:25: rule a: win.odds is 2, more than all: use at most 1"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, caps: [{per: sale, each: day, max: 1}]}",
            "10:48: 'each' does not go with 'per: sale': remove one of them"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, caps: [{per: member, max: 0}]}",
            "10:49: rule a: caps.1.max is 0: use 1 to 8589934592"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, form: 2026-01-01}",
            "10:23: 'form' is not known here: use one of id, per, perUnits, perSale, rate, "
                + "bonus, multiply, win, give, of, when, group, caps, pendingDays, carryRemainder, "
                + "stacks"
        ),
    ]

    /// What the first form of programmes had.
    static let moved: [Row] = [
        Row("points: []", "9:1: 'points' is not known here: write 'rules'"),
        Row(
            "rules:\n  - {id: a, per: 1, give: 1, from: 2026-01-01}",
            "10:30: 'from' is not known here: put it into 'when'"
        ),
    ]

    static let conditions: [Row] = [
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {weekdays: [monday]}}",
            "10:41: 'weekdays' is 'monday': use mon, tue, wed, thu, fri, sat or sun"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {weekdays: mon}}",
            "10:40: 'weekdays' is 'mon': use a list such as [mon]"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {monthDays: [32]}}",
            "10:42: 'monthDays' is '32': use 1 to 31"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {hours: {from: 14:00, until: 17:00}}}",
            "10:44: 'from' is 14:00, which is not a text to every reader: put it in "
                + "quotation marks, \"14:00\""
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {hours: {from: \"14:00\", until: \"14:00\"}}}",
            "10:37: 'hours' ends when it begins: remove it"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {hours: {from: \"24:00\", until: \"02:00\"}}}",
            "10:44: 'from' is '24:00': use a time in quotation marks, such as \"14:00\""
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {hours: {from: \"1400\", until: \"17:00\"}}}",
            "10:44: 'from' is '1400': use a time in quotation marks, such as \"14:00\""
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {streak: 3}}",
            "10:38: 'streak' never holds on purchase: add on: checkIn"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {subject: csat}}",
            "10:39: 'subject' never holds on purchase: add on: survey or on: vote or on: recovery"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {on: referral}}",
            "10:34: 'on: referral' does not say whose: add referral: {role: referrer, at: "
                + "firstSale}"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {on: purchase, referral: {role: referrer, "
                + "at: join}}}",
            "10:34: 'on' is 'purchase': use referral, or remove it, since 'referral' says when"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {referral: {role: friend, at: join}}}",
            "10:47: 'role' is 'friend': use referrer or referred"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {include: {}}}",
            "10:39: 'include' is a group of names: use skus, categories or labels"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {include: {skus: []}}}",
            "10:46: 'skus' is an empty list: remove it, or add to it"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {include: {skus: [A, A]}}}",
            "10:50: 'A' is in 'skus' twice: keep one"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {include: {skus: [4710088]}}}",
            "10:47: 'skus' is 4710088, which is not a text to every reader: put it in "
                + "quotation marks, \"4710088\""
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {stores: []}}",
            "10:38: 'stores' is an empty list: remove it, or add to it"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {on: buy}}",
            "10:34: 'on' is 'buy': use purchase, join, topUp, checkIn, survey, vote, "
                + "recovery, referral or birthday"
        ),
        Row(
            "rules:\n  - {id: a, bonus: 1, when: {holds: {min: 1}}}",
            "10:37: 'asset' is missing: add a name such as pass/prime"
        ),
    ]

    static let others: [Row] = [
        Row(
            "rewards:\n  - {id: a, title: {zh-Hant: 禮, en: Gift}}",
            "10:5: the reward says nothing of what it gives: add one of freeUnits, "
                + "amountOff, percentOff, pays, cheapestFree, handOver, gives"
        ),
        Row(
            "rewards:\n  - {id: a, title: {zh-Hant: 禮, en: Gift}, percentOff: 101}",
            "10:56: reward a: percentOff is 101, more than all: use at most 100"
        ),
        Row(
            "rewards:\n  - {id: a, title: {zh-Hant: 禮, en: Gift}, amountOff: 1, max: 2}",
            "10:63: 'max' does not go with 'amountOff': remove one of them"
        ),
        Row(
            "rewards:\n  - {id: a, title: {zh-Hant: 禮, en: Gift}, handOver: true, of: points}",
            "10:64: 'of' does not go with 'handOver': remove one of them"
        ),
        Row(
            "rewards:\n  - {id: a, title: {zh-Hant: 禮, en: Gift}, pays: 1}",
            "10:50: reward a: pays needs to know what pays: add cost: {give: 1, of: points}"
        ),
        Row(
            "rewards:\n  - {id: a, title: {zh-Hant: 禮, en: Gift}, pays: 1, cost: {give: 2}}",
            "10:66: reward a: cost.give is 2: use 1 to 1"
        ),
        Row(
            "rewards:\n  - {id: a, title: {zh-Hant: 禮, en: Gift}, handOver: true, code: 0}",
            "10:66: reward a: code is 0: use 1 to 999999"
        ),
        Row(
            "rewards:\n  - {id: a, title: {zh-Hant: 禮, en: Gift}, handOver: true, code: 1000000}",
            "10:66: reward a: code is 1000000: use 1 to 999999"
        ),
        Row(
            "rewards:\n  - {id: a, title: {zh-Hant: 禮, en: Gift}, handOver: true, code: 7}"
                + "\n  - {id: b, title: {zh-Hant: 禮, en: Gift}, handOver: true, code: 7}",
            "11:66: reward b: code is 7, as that of reward a: give each sheet its own number"
        ),
        Row(
            "rewards:\n  - {id: a, titel: {zh-Hant: 禮, en: Gift}, handOver: true}",
            "10:13: 'titel' is not known here: write 'title'"
        ),
        Row(
            "assets:\n  - {asset: points, expiry: soon}",
            "10:29: 'expiry' is 'soon': use never, {days: 30}, {monthEnd: 12}, {yearEnd: 1}, "
                + "{day: \"06-30\", years: 1} or {on: 2026-12-31}"
        ),
        Row(
            "assets:\n  - {asset: points, expiry: {days: 3, years: 1}}",
            "10:46: 'years' does not go with 'days': remove one of them"
        ),
        Row(
            "assets:\n  - {asset: points, expiry: {years: 1}}",
            "10:29: the expiry says nothing of what it gives: add one of days, monthEnd, "
                + "yearEnd, day, on"
        ),
        Row(
            "assets:\n  - {asset: points, expiry: {day: 06-31}}",
            "10:35: 'day' is '06-31': use a month and a day such as \"06-30\""
        ),
        Row(
            "assets:\n  - {asset: points, convert: {each: 10, give: 1}}",
            "10:30: 'into' is missing: add what it becomes, such as voucher/latte"
        ),
        Row(
            "assets:\n  - {asset: points, redeemed: 1.5}",
            "10:31: asset points: redeemed is 15/10, more than all: use at most 1"
        ),
        Row(
            "limits:\n  - {per: sale, max: 1}",
            "10:11: limits.1.per is sale: use member or cashier"
        ),
        Row(
            "lists: [A]",
            "9:8: 'lists' is a list: use names with their articles, such as {drinks: [S1, S2]}"
        ),
        Row(
            "lists: {Big: [A]}",
            "9:9: 'Big' is no name of a list: use 1 to 40 of a-z, 0-9 and -"
        ),
        Row(
            "lists: {drinks: A}",
            "9:17: 'drinks' is 'A': use a list of texts, such as [A, B]"
        ),
        Row(
            "tiers: {counter: spend}",
            "9:8: 'levels' is missing: add a list of {id: …, title: …, min: …}"
        ),
        Row(
            "tiers: {levels: []}",
            "9:17: tiers.number of levels is 0: use 1 to 10"
        ),
        Row(
            "tiers:\n  levels:\n    - {id: a, title: {zh-Hant: 一, en: One}, min: 1}",
            "11:50: tier a: min is 1: use 0 for the first"
        ),
        Row(
            "policies: {multipliers: best}",
            "9:25: 'multipliers' is 'best': use bestWins or stack"
        ),
        Row(
            "policies: {spendsOwnPoints: yes}",
            "9:29: 'spendsOwnPoints' is 'yes': use true or false"
        ),
        Row(
            "policies: {redemptionCeiling: 100}",
            "9:31: 'redemptionCeiling' is '100': use exact or {roundedTo: 100}"
        ),
        Row(
            "cashiersEarn: no",
            "9:15: 'cashiersEarn' is 'no': use true or false"
        ),
        Row(
            "cards:\n  - {id: c, title: {zh-Hant: 卡, en: Card}, reward: {zh-Hant: 禮, en: "
                + "Gift}, stamps: 5, next: d}",
            "10:93: card c: next names the card 'd': add it to 'cards', or name another"
        ),
        Row(
            "cards:\n  - {id: c, title: {zh-Hant: 卡, en: Card}, reward: {zh-Hant: 禮, en: "
                + "Gift}, stamps: 5, welcome: 5}",
            "10:96: card c: welcome is 5: use 0 to 4"
        ),
        Row(
            "cards:\n  - {id: c, title: {zh-Hant: 卡, en: Card}, reward: {zh-Hant: 禮, en: "
                + "Gift}, stamps: 5, expiry: {fromFirst: 1, fromLast: 2}}",
            "10:120: 'fromLast' does not go with 'fromFirst': remove one of them"
        ),
        Row(
            "cards:\n  - {id: c, title: {zh-Hant: 卡, en: Card}, reward: {zh-Hant: 禮, en: "
                + "Gift}, stamps: 5, completion: {of: points}}",
            "10:99: 'give' is missing: add a whole number"
        ),
    ]
}
