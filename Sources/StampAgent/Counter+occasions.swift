import LedgerDB
import Logging
import LoyaltyCore

/// What members do beside buying: joining, topping up, answering, being compensated.
extension Counter {
    /// Records an occasion that the POS reports; nothing of it opens a visit.
    func recordOccasion(_ sale: PosSale) async throws(CounterError) -> SaleAnswer {
        if sale.memberCode == nil, let earlier = try await firstAnswer(to: sale.key) {
            return .recorded(earlier)
        }
        let member = try await memberOfOccasion(sale)
        var evidence = try await checked(sale, of: member)
        if let code = sale.managerCode, try await firstAnswer(to: sale.key) == nil {
            evidence = evidence.approved(by: try approve(code))
        }
        return try await perform(
            take(.occasion(evidence, member), till: sale.till),
            till: sale.till
        )
    }

    /// Checks an occasion for a preview, which needs no manager: it gives nothing away.
    ///
    /// - Returns: The occasion as it would be decided, and its member.
    func previewedOccasion(
        _ sale: PosSale
    ) async throws(CounterError) -> (SaleEvidence, MemberNumber) {
        let member = try await memberOfOccasion(sale)
        let evidence = try await checked(sale, of: member)
        return (evidence.approved(by: nil), member)
    }

    private func memberOfOccasion(_ sale: PosSale) async throws(CounterError) -> MemberNumber {
        if let code = sale.memberCode { return try await resolve(code) }
        if case .referral = sale.details.occasion {
            throw .wrongField("member", "is missing: write the code of whoever invited the friend")
        }
        guard let member = member(at: sale.till) else {
            throw .wrongField(
                "member",
                "is missing and no member is at the till: write the member's code"
            )
        }
        return member
    }

    /// Checks what only the ledger knows of an occasion: its key, the friend, the birthday.
    private func checked(
        _ sale: PosSale,
        of member: MemberNumber
    ) async throws(CounterError) -> SaleEvidence {
        let date =
            sale.businessDate ?? BusinessDate(at: clock.reading().wall, in: programme.calendar)
        var subject = member
        if let code = sale.friendCode {
            subject = try await resolve(code)
            guard subject != member else {
                throw .wrongField("friend", "is the member: nobody invites themselves")
            }
        }
        if let key = sale.details.occasion.onceKey(of: subject, on: date), key != sale.key {
            throw .wrongField("key", "must be '\(key.text)': this happens once")
        }
        if sale.details.occasion == .birthday {
            guard try await profile(of: member).hasBirthday(within: .month, of: date) else {
                throw .wrongField(
                    "occasion",
                    "is no birthday: HQ has told this store none of the member in this month"
                )
            }
        }
        return sale.evidence
    }

    private func profile(of member: MemberNumber) async throws(CounterError) -> Profile {
        do {
            return try await ledger.member(member).standing.profile
        } catch {
            throw CounterError(ledger: error)
        }
    }

    private func approve(_ code: String) throws(CounterError) -> Approval {
        do throws(ApprovalRefusal) {
            return try managerCodes.approve(code, at: clock.reading(), uptime: clock.uptime())
        } catch {
            logger.notice("manager's code refused", metadata: ["reason": "\(error.rawValue)"])
            throw .notApproved(error)
        }
    }
}

extension SaleEvidence {
    /// The same, with a manager's word for it; nil says that there would be one.
    fileprivate func approved(by approval: Approval?) -> Self {
        var details = details
        details.isApproved = details.occasion.kind == .recovery
        details.approval = approval
        return Self(
            key: key,
            kind: kind,
            amount: amount,
            businessDate: businessDate,
            receipt: receipt,
            details: details
        )
    }
}
