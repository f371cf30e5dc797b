import Foundation
import ScanCodec
import Testing

/// A line of `Fixtures/codes/codes.tsv`.
struct CodeFixture: Sendable, CustomTestStringConvertible {
    let name: String
    let kind: String
    let reason: String
    let bytes: [UInt8]

    var testDescription: String { name }

    /// All lines; none if the file is missing, which a test notices.
    static let all: [CodeFixture] = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        let file = folder.appending(path: "../Fixtures/codes/codes.tsv")
        guard let data = FileManager.default.contents(atPath: file.path()) else { return [] }
        return data.split(separator: UInt8(ascii: "\n")).compactMap { CodeFixture(line: $0) }
    }()

    private init?(line: Data) {
        let text = String(decoding: line, as: UTF8.self)
        let fields = text.split(separator: "\t", omittingEmptySubsequences: false)
        guard fields.count == 4 else { return nil }
        name = String(fields[0])
        kind = String(fields[1])
        reason = String(fields[2])
        bytes = Self.unescaped(Array(fields[3].utf8))
    }

    /// Replaces `\xNN` by its byte.
    private static func unescaped(_ text: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "x") else {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.dropFirst().prefix(2), as: UTF8.self)
            bytes.append(UInt8(digits, radix: 16) ?? 0)
            rest = rest.dropFirst(3)
        }
        return bytes
    }
}

extension ScannedCode {
    /// The kind as `stampctl decode` names it.
    var kindName: String {
        switch self {
        case .member: "member"
        case .voucher: "voucher"
        case .control: "control"
        case .eInvoiceLeft: "eInvoiceLeft"
        case .eInvoiceRight: "eInvoiceRight"
        case .eInvoice1D: "eInvoice1D"
        case .mobileBarcode: "mobileBarcode"
        case .citizenCertificate: "citizenCertificate"
        case .donationCode: "donationCode"
        case .walletPayment: "walletPayment"
        case .product: "product"
        }
    }
}
