import GRDB
import LoyaltyCore
import SyncWire

/// One of the two tables of members.
enum Directory: String {
    case a = "directoryA"
    case b = "directoryB"

    /// The one that is not in use while this one is.
    var spare: Self { self == .a ? .b : .a }
}

extension Database {
    /// The directory in use.
    func directoryInUse() throws -> Directory {
        let name = try first("SELECT name FROM directoryInUse") { $0.text(0) }
        guard let directory = name.flatMap(Directory.init(rawValue:))
        else { throw LedgerError.damaged("no directory of members is in use") }
        return directory
    }

    /// Puts a directory in use.
    func use(_ directory: Directory) throws {
        try run("UPDATE directoryInUse SET name = ?", .text(directory.rawValue))
        try execute(
            sql: "DROP VIEW directory; CREATE VIEW directory AS SELECT * FROM \(directory.rawValue)"
        )
    }

    /// Inserts or replaces a member; a barcode belongs to the member named last.
    ///
    /// - Returns: Whether the directory did not have the member.
    func put(_ member: MemberRow, into directory: Directory) throws -> Bool {
        let table = directory.rawValue
        let number = SQLValue.integer(member.number.value)
        let name = member.maskedName.map(SQLValue.text) ?? .null
        let barcode = member.mobileBarcode.map(SQLValue.text) ?? .null
        let isBlocked = SQLValue.integer(member.isBlocked ? 1 : 0)
        let birthday = member.profile.birthday.map { Int64($0.month * 100 + $0.day) }
        let profile: [SQLValue] = [
            birthday.map(SQLValue.integer) ?? .null,
            .integer(member.profile.isReferred ? 1 : 0),
            member.profile.tierFloor.map(SQLValue.text) ?? .null,
        ]
        if member.mobileBarcode != nil {
            try run(
                "UPDATE \(table) SET mobileBarcode = NULL WHERE mobileBarcode = ? AND number <> ?",
                barcode,
                number
            )
        }
        try run(
            """
            INSERT INTO \(table)
                (number, maskedName, isBlocked, mobileBarcode, birthday, isReferred, tierFloor)
            VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (number) DO NOTHING
            """,
            values: [number, name, isBlocked, barcode] + profile
        )
        if changesCount > 0 { return true }
        try run(
            """
            UPDATE \(table) SET maskedName = ?, isBlocked = ?, mobileBarcode = ?, birthday = ?,
                isReferred = ?, tierFloor = ? WHERE number = ?
            """,
            values: [name, isBlocked, barcode] + profile + [number]
        )
        return false
    }

    /// Takes a member out.
    ///
    /// - Returns: Whether the directory had the member.
    func remove(_ member: MemberNumber, from directory: Directory) throws -> Bool {
        try run("DELETE FROM \(directory.rawValue) WHERE number = ?", .integer(member.value))
        return changesCount > 0
    }
}

extension Profile {
    /// Reads the columns `birthday`, `isReferred` and `tierFloor`, which stand from a place on.
    init(_ row: SQLRow, from column: Int32) {
        let day = row.isNull(column) ? 0 : Int(row.integer(column))
        self.init(
            birthday: Birthday(month: day / 100, day: day % 100),
            isReferred: row.integer(column + 1) == 1,
            tierFloor: row.isNull(column + 2) ? nil : row.text(column + 2)
        )
    }
}
