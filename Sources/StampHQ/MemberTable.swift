import LoyaltyCore

/// Members on their way from the importing command to HQ: one line each, fields set off by tabs.
public enum MemberTable {
    /// Writes members; their texts hold no control characters.
    public static func bytes(of members: [Member]) -> [UInt8] {
        var out: [UInt8] = []
        for member in members {
            out += member.number.description.utf8
            out.append(UInt8(ascii: "\t"))
            out += member.maskedName.utf8
            out.append(UInt8(ascii: "\t"))
            out += (member.mobileBarcode ?? "").utf8
            out += member.isBlocked ? "\t1\n".utf8 : "\t0\n".utf8
        }
        return out
    }

    /// Reads members, or gives nil if the table is not one that `bytes` writes.
    static func members(from bytes: [UInt8]) -> [Member]? {
        var members: [Member] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(
                separator: UInt8(ascii: "\t"),
                omittingEmptySubsequences: false
            ).map { String(decoding: $0, as: UTF8.self) }
            guard fields.count == 4, let number = MemberNumber(fields[0]),
                fields[3] == "0" || fields[3] == "1"
            else { return nil }
            members.append(
                Member(
                    number: number,
                    maskedName: fields[1],
                    mobileBarcode: fields[2].isEmpty ? nil : fields[2],
                    isBlocked: fields[3] == "1"
                )
            )
        }
        return members
    }
}
