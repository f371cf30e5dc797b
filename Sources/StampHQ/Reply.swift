import GRDB
import Hummingbird
import Logging
import LoyaltyCore
import NIOCore
import SyncWire

extension Request {
    /// The value of a field, named in lower case, or nil if it is missing.
    ///
    /// Values of equal fields come joined (RFC 9110 section 5.3).
    func field(_ name: String) -> String? {
        let values = headers.filter { $0.name.canonicalName == name }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }
}

extension Request {
    /// The parts that a signature covers, as they arrived, with some fields.
    func signable(covering fields: [SignableRequest.Component]) -> SignableRequest {
        let target = head.path ?? ""
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        return SignableRequest(
            method: method.rawValue,
            authority: head.authority ?? "",
            path: parts.first.map(String.init) ?? "",
            query: parts.count > 1 ? String(parts[1]) : nil,
            fields: fields
        )
    }
}

extension Response {
    /// An answer in JSON; no answer of HQ may be kept by a cache.
    init(
        _ status: HTTPResponse.Status = .ok,
        type: String = "application/json",
        json bytes: [UInt8]
    ) {
        self.init(
            status: status,
            headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }

    init(_ json: CanonicalJSON) {
        self.init(json: json.bytes)
    }

    /// A problem as RFC 9457 has it.
    init(_ problem: Problem) {
        self.init(
            HTTPResponse.Status(code: problem.type.status),
            type: Problem.mediaType,
            json: problem.bytes
        )
        switch problem.type {
        case .encoding: headers[.acceptEncoding] = Gzip.name
        case .hqUnavailable, .tooManyRequests: headers[.retryAfter] = "2"
        case .hqStorageFull: headers[.retryAfter] = "60"
        case .tokenInvalid: headers[.wwwAuthenticate] = "Bearer"
        default: break
        }
    }
}

extension Router {
    /// Answers whatever no route takes at an address that has routes with the methods that it has.
    ///
    /// Comes last: a middleware is for the routes after it, and for what no route takes.
    ///
    /// Source: RFC 9110 section 15.5.6.
    func refuseOtherMethods() {
        add(middleware: OtherMethods(routes: routes.map { ($0.path, $0.method.rawValue) }))
    }
}

/// What an address answers to a method that it does not have.
private struct OtherMethods<Context: RequestContext>: RouterMiddleware {
    let routes: [(path: RouterPath, method: String)]

    @concurrent func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let segments = request.uri.path.split(separator: "/")
        var methods = Set(routes.filter { $0.path.matches(segments) }.map(\.method))
        guard !methods.isEmpty else { return try await next(request, context) }
        // The router makes these of the others.
        if methods.contains("GET") { methods.insert("HEAD") }
        let allowed = methods.sorted().joined(separator: ", ")
        throw HTTPError(.methodNotAllowed, headers: [.allow: allowed])
    }
}

extension RouterPath {
    /// Whether an address is one of this path's.
    fileprivate func matches(_ segments: [Substring]) -> Bool {
        components.count == segments.count
            && zip(components, segments).allSatisfy { component, segment in component ~= segment }
    }
}

/// Makes every failure a problem that its reader can act on.
struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
    let logger: Logger

    @concurrent func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let problem as Problem {
            return Response(problem)
        } catch let error as DatabaseError {
            return Response(problem(of: error))
        } catch let error as HTTPError where error.status == .methodNotAllowed {
            var response = Response(
                Problem(.methodNotAllowed, "'Allow' names the methods of this address.")
            )
            response.headers[.allow] = error.headers[.allow]
            return response
        } catch let error as HTTPError {
            let type: ProblemType = error.status == .notFound ? .notFound : .badRequest
            return Response(Problem(type, "See docs/openapi-hq.yaml for what HQ answers."))
        } catch let error as CancellationError {
            throw error
        } catch {
            logger.error("request failed", metadata: ["error": "\(error)"])
            return Response(Problem(.hqFailed, "HQ failed; see its log and try again."))
        }
    }

    private func problem(of error: DatabaseError) -> Problem {
        logger.error(
            "database failed",
            metadata: ["code": "\(error.resultCode)", "error": "\(error.message ?? "")"]
        )
        return error.resultCode == .SQLITE_FULL
            ? Problem(.hqStorageFull, "HQ's disk is full; nothing was stored. Free space there.")
            : Problem(.hqUnavailable, "HQ's database failed; nothing was stored. See HQ's log.")
    }
}
