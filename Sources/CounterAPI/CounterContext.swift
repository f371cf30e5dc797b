import Hummingbird
import NIOCore

/// What a request brings along: the listener that took it.
struct CounterContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Where the request came in.
    let listener: Listener

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        listener = Listener(source.channel.localAddress)
    }

    /// A variable segment of the path, decoded.
    ///
    /// - Throws: `CounterProblem` for an escape that is not UTF-8.
    func segment(_ name: String) throws(CounterProblem) -> String {
        guard let raw = parameters.get(name), let text = percentDecoded(raw), !text.isEmpty
        else { throw .field(name, "is no percent-encoded UTF-8 text") }
        return text
    }
}

/// Where a request came in.
enum Listener: Equatable {
    /// On the loopback interface.
    case loopback(port: Int)
    /// On the Unix socket, whose file says who may connect.
    case socket
    /// Nowhere that we listen.
    case unknown

    init(_ address: SocketAddress?) {
        switch address {
        case .v4?, .v6?: self = .loopback(port: address?.port ?? 0)
        case .unixDomainSocket?: self = .socket
        case nil: self = .unknown
        }
    }
}

/// Decodes `%2F` and its kind (RFC 3986 section 2.1), or gives nil for anything malformed.
func percentDecoded(_ text: some StringProtocol) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard let high = rest.popFirst().flatMap(hexValue),
            let low = rest.popFirst().flatMap(hexValue)
        else { return nil }
        bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
}

private func hexValue(_ byte: UInt8) -> UInt8? {
    Character(UnicodeScalar(byte)).hexDigitValue.map { UInt8($0) }
}
