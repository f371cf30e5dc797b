import Hummingbird
import LoyaltyCore

/// One call of the API.
struct Route: Sendable {
    /// Answers the call.
    typealias Handler = @Sendable (Request, CounterContext) async throws -> Response

    let method: HTTPRequest.Method
    /// The address; `{name}` stands for one segment of any text.
    let path: String
    let handler: Handler

    static func get(_ path: String, _ handler: @escaping Handler) -> Self {
        Self(method: .get, path: path, handler: handler)
    }

    static func post(_ path: String, _ handler: @escaping Handler) -> Self {
        Self(method: .post, path: path, handler: handler)
    }

    /// Whether a request's path is one of this route's.
    func matches(_ requestPath: String) -> Bool {
        let pattern = path.split(separator: "/")
        let segments = requestPath.split(separator: "/")
        return pattern.count == segments.count
            && zip(pattern, segments).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }
}

/// Builds the routes; the service and the tests both call this, so a test exercises what ships.
func makeRouter(_ routes: [Route]) -> Router<CounterContext> {
    let router = Router(context: CounterContext.self, options: .autoGenerateHeadEndpoints)
    router.add(middleware: Envelope(routes: routes))
    router.add(middleware: Gate())
    for route in routes {
        router.on(RouterPath(route.path), method: route.method, use: route.handler)
    }
    return router
}

extension Response {
    /// A response of JSON.
    init(_ status: HTTPResponse.Status = .ok, json: CanonicalJSON) {
        self.init(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.bytes))
        )
    }
}
