import Glibc
import Hummingbird
import Logging
import LoyaltyCore

/// Puts on every response what each must have, and makes every error a problem.
struct Envelope: RouterMiddleware {
    typealias Context = CounterContext

    /// The routes, to tell a wrong method from a wrong address.
    let routes: [Route]

    /// What a browser may do with our pages: our own scripts and styles, and nothing else.
    static let contentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        + "img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

    private static let referrerPolicy = HTTPFields.Element.Name("Referrer-Policy")

    func handle(
        _ request: Request,
        context: CounterContext,
        next: @concurrent (Request, CounterContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch let problem as CounterProblem {
            response = problem.response
        } catch {
            response = problem(for: error, request: request, context: context).response
        }
        seal(&response)
        return response
    }

    private func seal(_ response: inout Response) {
        var now = timespec()
        // Cannot fail for this clock (clock_gettime(2)).
        clock_gettime(CLOCK_REALTIME, &now)
        response.headers[.date] = httpDate(WallTime(unixMs: Int64(now.tv_sec) * 1_000))
        response.headers[.contentSecurityPolicy] = Self.contentSecurityPolicy
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.crossOriginResourcePolicy] = "same-origin"
        if let name = Self.referrerPolicy { response.headers[name] = "no-referrer" }
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    }

    private func problem(
        for error: any Error,
        request: Request,
        context: CounterContext
    ) -> CounterProblem {
        if let error = error as? HTTPError, error.status == .notFound {
            return unknownAddress(request)
        }
        context.logger.error("request failed", metadata: ["error": "\(error)"])
        return CounterProblem(.agentFailed, "the agent's log says why")
    }

    private func unknownAddress(_ request: Request) -> CounterProblem {
        let allowed = routes.filter { $0.matches(request.uri.path) }.map(\.method)
        guard !allowed.isEmpty else {
            return CounterProblem(.notFound, "GET /openapi.yaml lists what there is")
        }
        var problem = CounterProblem(.methodNotAllowed, "'Allow' names the methods")
        problem.allowed = allowed.contains(.get) ? allowed + [.head] : allowed
        return problem
    }
}

/// Writes a time as HTTP's `Date` has it, such as `Sun, 22 Nov 2026 03:30:00 GMT`.
///
/// Source: RFC 9110 section 5.6.7 (IMF-fixdate). Written out because the framework's own needs a
/// timer that wakes each second.
func httpDate(_ time: WallTime) -> String {
    let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    let date = BusinessDate(
        at: time,
        in: BusinessCalendar(utcOffsetMinutes: 0, dayTurnsAtHour: 0)
    )
    let second = Int((time.unixMs / 1_000) % 86_400)
    // 1970-01-01 was a Thursday.
    let day = days[Int(date.dayNumber) % 7]
    let clock = [second / 3_600, second / 60 % 60, second % 60].map(twoDigits)
    return "\(day), \(twoDigits(date.day)) \(months[date.month - 1]) \(date.year) "
        + "\(clock.joined(separator: ":")) GMT"
}

private func twoDigits(_ number: Int) -> String {
    number < 10 ? "0\(number)" : String(number)
}
