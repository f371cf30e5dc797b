import Hummingbird
import LoyaltyCore
import NIOCore

/// A call's JSON body, read member by member.
///
/// Strict on purpose: a name that is not known is an error, since a POS that misspells `amount`
/// must hear of it.
struct RequestFields {
    let json: CanonicalJSON

    /// Most bytes of a body.
    ///
    /// Source: our own bound; a sale has some 200.
    static let byteCountMax = 16_384

    /// Largest number in a body.
    ///
    /// Source: RFC 8259 section 6: up to 2^53 every JSON reader keeps a whole number exactly.
    static let integerMax: Int64 = 9_007_199_254_740_992

    /// Most characters of a member's code.
    ///
    /// Source: CODES.md section 8, the longest of our codes has 189 digits.
    static let memberCodeCharacterCountMax = 200

    /// Reads a request's body; an empty one has no members.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - names: The members that the call knows.
    /// - Throws: `CounterProblem`, naming the member where one is to blame.
    init(_ request: Request, names: Set<String>) async throws {
        try Self.checkMediaType(of: request)
        let bytes: ByteBuffer
        do {
            bytes = try await request.body.collect(upTo: Self.byteCountMax)
        } catch is NIOTooManyBytesError {
            throw CounterProblem(
                .contentTooLarge,
                "a body has at most \(Self.byteCountMax) bytes"
            )
        }
        json = try Self.parse(Array(bytes.readableBytesView), names: names)
    }

    private static func checkMediaType(of request: Request) throws(CounterProblem) {
        let value = request.headers[.contentType] ?? ""
        let mediaType = value.prefix { $0 != ";" && $0 != " " }
        guard mediaType.lowercased() == "application/json" else {
            throw CounterProblem(.mediaType, "send 'Content-Type: application/json'")
        }
    }

    static func parse(
        _ bytes: [UInt8],
        names: Set<String>
    ) throws(CounterProblem) -> CanonicalJSON {
        if bytes.isEmpty { return .object([]) }
        let json: CanonicalJSON
        do throws(CanonicalJSONError) {
            json = try CanonicalJSON(parsing: bytes)
        } catch {
            if case .notWhole(let index) = error, let name = memberName(before: index, in: bytes) {
                throw .field(name, "must be a whole number, without fraction or exponent")
            }
            throw CounterProblem(.badRequest, "\(error)")
        }
        guard case .object(let members) = json else {
            throw CounterProblem(.badRequest, "the body must be a JSON object")
        }
        if let stranger = members.first(where: { !names.contains($0.name) }) {
            let known = names.sorted().joined(separator: ", ")
            throw .field(
                String(stranger.name.prefix(40)),
                known.isEmpty ? "is not known here" : "is not known; known are \(known)"
            )
        }
        return json
    }

    /// The member whose value starts at a byte; nil inside a list.
    private static func memberName(before index: Int, in bytes: [UInt8]) -> String? {
        let space: Set<UInt8> = [0x20, 0x0A, 0x0D, 0x09]
        var head = bytes[..<index]
        while let byte = head.last, space.contains(byte) { head.removeLast() }
        guard head.popLast() == UInt8(ascii: ":") else { return nil }
        while let byte = head.last, space.contains(byte) { head.removeLast() }
        guard head.popLast() == UInt8(ascii: "\""),
            let start = head.lastIndex(of: UInt8(ascii: "\""))
        else { return nil }
        return String(validating: head[(start + 1)...].prefix(40), as: UTF8.self)
    }

    func saleKey(_ name: String) throws(CounterProblem) -> SaleKey {
        guard let key = SaleKey(try text(name)) else {
            throw .field(
                name,
                "must have 1 to \(SaleKey.characterCountMax) of A-Z a-z 0-9 . _ : / -"
            )
        }
        return key
    }

    func amount(_ name: String) throws(CounterProblem) -> Int64 {
        guard let value = json[name] else { throw .field(name, "is missing") }
        guard let amount = value.integerValue else {
            throw .field(name, "must be a whole number of the currency's minor unit, unquoted")
        }
        guard amount >= 0 else { throw .field(name, "must not be negative") }
        guard amount <= Self.integerMax else {
            throw .field(name, "must not be above \(Self.integerMax)")
        }
        return amount
    }

    func memberCode(_ name: String) throws(CounterProblem) -> String? {
        guard let code = try optionalText(name) else { return nil }
        guard (1...Self.memberCodeCharacterCountMax).contains(code.utf8.count) else {
            throw .field(name, "must have 1 to \(Self.memberCodeCharacterCountMax) characters")
        }
        return code
    }

    func businessDate(_ name: String) throws(CounterProblem) -> BusinessDate? {
        guard let text = try optionalText(name) else { return nil }
        guard let date = BusinessDate(text) else {
            throw .field(name, "must be a date such as 2026-11-22")
        }
        return date
    }

    func optionalText(_ name: String) throws(CounterProblem) -> String? {
        guard let value = json[name], value != .null else { return nil }
        guard let text = value.stringValue else { throw .field(name, "must be a text") }
        return text
    }

    private func text(_ name: String) throws(CounterProblem) -> String {
        guard let text = try optionalText(name) else { throw .field(name, "is missing") }
        return text
    }
}
