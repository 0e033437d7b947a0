import GatewayCore
import JSON

/// One operation of the admin listener: how it is called, who may call it, what it does. What is said here is also what the
/// OpenAPI document says, so that the two can't differ.
///
/// To add one, write it into an enumeration of its own below `Operations`, and that into `AdminOperation.all`.
struct AdminOperation: Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"

        /// Whether something is another after it. Such calls must show that no page of another origin made them.
        var changes: Bool { self != .get }
    }

    enum Access: Sendable {
        /// All who can reach the listener: load balancers carry no token.
        case open
        /// Those with the token; without a token all who name the listener as this machine does.
        case token
    }

    let method: Method
    /// Segments in braces are parameters: `/api/breakers/{upstream}`.
    let path: String
    /// Unique; generated clients name their functions by it.
    let id: String
    /// What it does, in a few words.
    let summary: String
    var access = Access.token
    /// Parameters of the query, all optional.
    var query: [AdminParameter] = []
    /// Nil: it takes none.
    var body: AdminBody?
    var answer: AdminAnswer
    /// Further statuses that it answers with, and when.
    var problems: [Int: String] = [:]
    let run: @Sendable (AdminRequest) async throws(AdminMistake) -> Reply

    var segments: [String] { AdminRouter.segments(path) }
    /// The names in its path.
    var parameters: [String] { segments.compactMap(AdminRouter.parameter) }
}

extension AdminOperation {
    /// All there are, in the order of their documentation.
    static let all: [AdminOperation] =
        HealthOperations.all + OverviewOperations.all + RouteOperations.all + LimitOperations.all
        + BreakerOperations.all + CacheOperations.all + ConfigurationOperations.all + RequestOperations.all
        + CaptureOperations.all + DecisionOperations.all + ExplainOperations.all + DocumentOperations.all
}

/// A parameter of a query.
struct AdminParameter: Sendable {
    let name: String
    let schema: JSONValue
    let description: String
}

/// The body of a call.
struct AdminBody: Sendable {
    var contentType = "application/json"
    let schema: JSONValue
    /// More is answered with 413.
    var mostBytes = 64 * 1024
}

/// What a call is answered with when it goes well.
struct AdminAnswer: Sendable {
    var status = 200
    var contentType = "application/json"
    let description: String
    let schema: JSONValue
}

/// A call of an operation.
struct AdminRequest: Sendable {
    let node: NodeView
    /// By their names in the operation's path.
    var parameters: [String: String] = [:]
    /// As it was sent, undecoded parameters included.
    var query: [String: String] = [:]
    /// The value of `Accept`.
    var accept = ""
    var body: [UInt8] = []

    /// A whole number of the query.
    /// - Throws: `AdminMistake` when it is none, or out of range.
    func number(_ name: String, in range: ClosedRange<Int>, default value: Int) throws(AdminMistake) -> Int {
        guard let text = query[name] else { return value }
        guard let number = Int(text), range.contains(number) else {
            throw AdminMistake(
                "the parameter \(name) is \(text); expected a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }
}

/// A request to the admin API that can't be carried out as it is.
struct AdminMistake: Error {
    let status: Int
    let reason: String

    init(_ reason: String, status: Int = 400) {
        self.reason = reason
        self.status = status
    }

    var reply: Reply {
        switch status {
        case 503: .unavailable(reason, retryAfterSeconds: 1)
        case 404: Reply(status: 404, kind: "no-such-thing", title: "Not found", detail: reason)
        case 422:
            Reply(status: 422, kind: "refused-configuration", title: "Configuration refused", detail: reason)
        case 409: Reply(status: 409, kind: "conflict", title: "Conflict", detail: reason)
        default: Reply(status: status, kind: "bad-request", title: "Bad request", detail: reason)
        }
    }
}

extension Reply {
    /// JSON that nobody may keep.
    static func json(_ status: Int = 200, _ value: JSONValue) -> Reply {
        Reply(
            status: status, contentType: "application/json", content: JSONWriter.write(value) + [0x0A],
            lines: "Cache-Control: no-store\r\n")
    }
}
