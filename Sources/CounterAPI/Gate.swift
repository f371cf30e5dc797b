import Hummingbird

/// Lets a request in only if it is meant for this machine and no foreign page makes it.
///
/// A page that a browser on the till happens to show can send requests to the loopback interface.
/// A name that was rebound to 127.0.0.1 shows in `Host`; a page of another origin shows in `Origin`
/// and `Sec-Fetch-Site`. A POS sends neither of the two.
struct Gate: RouterMiddleware {
    typealias Context = CounterContext

    private static let fetchSite = HTTPFields.Element.Name("Sec-Fetch-Site")

    func handle(
        _ request: Request,
        context: CounterContext,
        next: @concurrent (Request, CounterContext) async throws -> Response
    ) async throws -> Response {
        try checkHost(of: request, at: context.listener)
        try checkOrigin(of: request)
        return try await next(request, context)
    }

    /// The names under which a listener on a port is called, each written exactly so.
    ///
    /// Source: FAULTS.md section 4, T10 (DNS rebinding).
    static func hosts(port: Int) -> [String] {
        ["127.0.0.1:\(port)", "localhost:\(port)", "[::1]:\(port)"]
    }

    private func checkHost(of request: Request, at listener: Listener) throws(CounterProblem) {
        switch listener {
        case .socket: return
        case .loopback(let port):
            // A second Host field stays among the headers; the first became the authority.
            guard let host = request.head.authority, Self.hosts(port: port).contains(host),
                !request.headers.contains(where: { $0.name.canonicalName == "host" })
            else {
                throw CounterProblem(
                    .hostRefused,
                    "address the agent as \(Self.hosts(port: port).joined(separator: " or "))"
                )
            }
        case .unknown: throw CounterProblem(.hostRefused, "this is no address of the agent")
        }
    }

    private func checkOrigin(of request: Request) throws(CounterProblem) {
        let isRead = request.method == .get || request.method == .head
        // Another site may link to the page; it may not read data or change anything.
        if isRead, !request.uri.path.hasPrefix("/v1/") { return }
        let site = Self.fetchSite.flatMap { request.headers[$0] }
        let isOwnSite =
            switch site {
            case nil, "same-origin": true
            case "none": isRead
            default: false
            }
        let origin = request.headers[.origin]
        let isOwnOrigin = origin == nil || origin == request.head.authority.map { "http://\($0)" }
        guard isOwnSite, isOwnOrigin else {
            throw CounterProblem(.originRefused, "only the agent's own pages and programs may call")
        }
    }
}
