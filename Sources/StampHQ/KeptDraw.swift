import Foundation
import GRDB
import LoyaltyCore
import SyncWire

/// What an operator wants to draw; the commitment is HQ's part.
struct DrawWish: Sendable {
    let id: String
    let prizes: [DrawAnnouncementV1.Prize]
    let closesAt: WallTime
    let date: BusinessDate
    let winsOnce: Bool
    let publicSource: String?

    /// The announcement of this draw with a seed.
    ///
    /// - Throws: `Problem`, naming what cannot be announced.
    func announcement(commitment: String) throws -> DrawAnnouncementV1 {
        do throws(DrawError) {
            return try DrawAnnouncementV1(
                id: id,
                commitment: commitment,
                prizes: prizes,
                closesAt: closesAt,
                date: date,
                winsOnce: winsOnce,
                publicSource: publicSource
            )
        } catch {
            throw Problem(.badRequest, "The draw cannot be announced: \(error).")
        }
    }
}

/// A draw as HQ keeps it.
struct KeptDraw: Sendable {
    let announcement: DrawAnnouncementV1
    let nonce: [UInt8]
    let isClosed: Bool
    let proof: DrawProofV1?

    var id: String { announcement.id }

    init(_ row: Row) throws {
        do throws(DrawError) {
            announcement = try DrawAnnouncementV1(
                parsing: Array((row["announcement"] as String).utf8)
            )
            let text: String? = row["proof"]
            if let text { proof = try DrawProofV1(parsing: Array(text.utf8)) } else { proof = nil }
        } catch {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a draw: \(error)")
        }
        nonce = Array(row["nonce"] as Data)
        isClosed = (row["closedAtMs"] as Int64?) != nil
    }
}
