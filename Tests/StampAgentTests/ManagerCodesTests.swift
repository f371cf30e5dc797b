import LoyaltyCore
import ScanCodec
import Testing

@testable import StampAgent

/// Managers' one-time codes at the counter: which are taken, and how guessing is slowed down.
struct ManagerCodesTests {
    private static let secret = Array("12345678901234567890".utf8)
    private static let otherSecret = Array("abcdefghijklmnopqrst".utf8)
    /// RFC 6238, appendix B: at 1,111,111,109 s the code is this one.
    private static let code = "07081804"
    private static let atS: Int64 = 1_111_111_109
    private static let step: Int64 = 37_037_036

    @Test(arguments: [
        (secondsLater: Int64(-30), true), (0, true), (30, true), (-60, false), (60, false),
    ])
    func `a code is taken in its step and in the ones beside it`(
        secondsLater: Int64,
        isTaken: Bool
    ) throws {
        var codes = try makeCodes()
        let reading = reading(secondsLater: secondsLater)

        if isTaken {
            let approval = try codes.approve(Self.code, at: reading, uptime: .zero)
            #expect(approval == Approval(manager: "anna", step: Self.step))
        } else {
            #expect(throws: ApprovalRefusal.codeWrong) {
                try codes.approve(Self.code, at: reading, uptime: .zero)
            }
        }
    }

    @Test func `the manager whose code it is gave their word`() throws {
        var codes = try makeCodes()
        let theirs = try #require(TOTP(key: Self.otherSecret)?.code(at: reading().wall))

        #expect(try codes.approve(theirs, at: reading(), uptime: .zero).manager == "ben")
    }

    @Test func `a store without managers allows nothing`() {
        var codes = ManagerCodes([])

        #expect(throws: ApprovalRefusal.noManager) {
            try codes.approve(Self.code, at: reading(), uptime: .zero)
        }
    }

    @Test(arguments: ClockQuality.allCases)
    func `no code is taken by a clock that nobody vouches for`(quality: ClockQuality) throws {
        var codes = try makeCodes()
        let reading = reading(quality)

        if quality == .floor {
            #expect(throws: ApprovalRefusal.clockUnknown) {
                try codes.approve(Self.code, at: reading, uptime: .zero)
            }
        } else {
            #expect(try codes.approve(Self.code, at: reading, uptime: .zero).step == Self.step)
        }
    }

    @Test func `after five wrong codes none is looked at for a minute`() throws {
        var codes = try makeCodes()
        for second in 0..<ManagerCodes.wrongCountMax {
            #expect(throws: ApprovalRefusal.codeWrong) {
                try codes.approve("00000000", at: reading(), uptime: .seconds(second))
            }
        }
        for uptime: Duration in [.seconds(4), .seconds(59)] {
            #expect(throws: ApprovalRefusal.tooManyTries) {
                try codes.approve(Self.code, at: reading(), uptime: uptime)
            }
        }
        // The first wrong one is a minute old: there is one try again, and a right one costs none.
        #expect(try codes.approve(Self.code, at: reading(), uptime: .seconds(60)).step == Self.step)
        #expect(throws: ApprovalRefusal.codeWrong) {
            try codes.approve("1", at: reading(), uptime: .seconds(60))
        }
        #expect(throws: ApprovalRefusal.tooManyTries) {
            try codes.approve(Self.code, at: reading(), uptime: .seconds(60))
        }
    }

    @Test func `a secret that is too short makes no manager`() {
        #expect(Manager(id: "anna", secret: Array(Self.secret.prefix(15))) == nil)
        #expect(Manager(id: "anna", secret: Array(Self.secret.prefix(16))) != nil)
    }

    private func makeCodes() throws -> ManagerCodes {
        ManagerCodes([
            try #require(Manager(id: "anna", secret: Self.secret)),
            try #require(Manager(id: "ben", secret: Self.otherSecret)),
        ])
    }

    private func reading(
        _ quality: ClockQuality = .ntp,
        secondsLater: Int64 = 0
    ) -> ClockReading {
        ClockReading(
            wall: WallTime(unixMs: (Self.atS + secondsLater) * 1_000),
            quality: quality,
            sinceBootMs: 0
        )
    }
}
