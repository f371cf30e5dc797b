import LoyaltyCore

/// Members on their way from the importing command to HQ: one line each, fields set off by tabs.
public enum MemberTable {
    /// Writes members; their texts hold no control characters.
    public static func bytes(of members: [Member]) -> [UInt8] {
        var out: [UInt8] = []
        for member in members {
            let fields = [
                member.number.description, member.maskedName, member.mobileBarcode ?? "",
                member.isBlocked ? "1" : "0", member.profile.birthdate?.description ?? "",
                member.profile.isReferred ? "1" : "0", member.profile.tierFloor ?? "",
            ]
            out += fields.joined(separator: "\t").utf8
            out.append(UInt8(ascii: "\n"))
        }
        return out
    }

    /// Reads members, or gives nil if the table is not one that `bytes` writes.
    static func members(from bytes: [UInt8]) -> [Member]? {
        var members: [Member] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let member = member(line) else { return nil }
            members.append(member)
        }
        return members
    }

    private static func member(_ line: ArraySlice<UInt8>) -> Member? {
        let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard fields.count == 7, let number = MemberNumber(fields[0]),
            [fields[3], fields[5]].allSatisfy({ $0 == "0" || $0 == "1" })
        else { return nil }
        let profile = Profile(
            birthday: Birthday(fields[4]),
            isReferred: fields[5] == "1",
            tierFloor: fields[6].isEmpty ? nil : fields[6]
        )
        guard profile.isWellFormed, fields[4].isEmpty == (profile.birthday == nil)
        else { return nil }
        return Member(
            number: number,
            maskedName: fields[1],
            mobileBarcode: fields[2].isEmpty ? nil : fields[2],
            isBlocked: fields[3] == "1",
            profile: profile
        )
    }
}
