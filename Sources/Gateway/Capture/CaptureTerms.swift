import JSON

/// What a capture is of, and how much: as `POST /api/capture` says it, and as nodes tell each other.
struct CaptureTerms: Hashable, Sendable {
    enum Outcome: Hashable, Sendable {
        case any
        /// 5xx and failures, as the access log counts them.
        case errors
        /// Of this hundred: 4 is 4xx.
        case statuses(Int)

        func includes(status: Int, hasFailed: Bool) -> Bool {
            switch self {
            case .any: true
            case .errors: status >= 500 || hasFailed
            case .statuses(let hundred): status / 100 == hundred
            }
        }
    }

    enum Body: String, CaseIterable, Sendable { case request, response }

    static let mostSeconds = 3600
    static let mostBytes = 64 << 10
    static let mostExchanges = 100

    var route: String
    /// Nil: any.
    var method: String?
    var outcome = Outcome.any
    /// Without any, only heads are captured.
    var bodies = Set(Body.allCases)
    var seconds = 300
    /// Of each body.
    var bytes = 4096
    /// Of each node.
    var exchanges = 10

    init(route: String) { self.route = route }

    /// - Throws: `AdminMistake` that says which member is not as it should be.
    init(_ object: JSONObject) throws(AdminMistake) {
        guard let route = object["route"]?.string, !route.isEmpty else { throw AdminMistake(Self.expectation) }
        self.init(route: route)
        for member in object.members { try take(member) }
    }

    private mutating func take(_ member: JSONObject.Member) throws(AdminMistake) {
        let value = member.value
        switch member.name {
        case "route": break
        case "method": method = try Self.method(value)
        case "status": outcome = try Self.outcome(value)
        case "bodies": bodies = try Self.bodies(value)
        case "for":
            let time = AdminTime.microseconds(value).map { $0 / 1_000_000 }
            guard let time, time <= Self.mostSeconds else {
                throw AdminMistake("\"for\": expected a time such as 90s or 10m, at most 1h, after which the rule ends")
            }
            seconds = time
        case "bytes": bytes = try Self.number(value, "bytes", atMost: Self.mostBytes)
        case "exchanges": exchanges = try Self.number(value, "exchanges", atMost: Self.mostExchanges)
        default: throw AdminMistake("\"\(member.name)\" is unknown; \(Self.expectation)")
        }
    }

    private static let expectation =
        #"expected {"route": "NAME"} and, if need be, "method": "POST", "status": "errors" or "4xx", "bodies": ["request", "response"], "for": "5m", "bytes": 4096, "exchanges": 10"#

    private static func method(_ value: JSONValue) throws(AdminMistake) -> String {
        guard let text = value.string, (1...32).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x41...0x5A).contains($0) || $0 == 0x2D || $0 == 0x5F })
        else { throw AdminMistake(#""method": expected a method as it is sent, such as "POST""#) }
        return text
    }

    private static func outcome(_ value: JSONValue) throws(AdminMistake) -> Outcome {
        if value.string == "errors" { return .errors }
        guard let hundred = (1...5).first(where: { value.string == "\($0)xx" }) else {
            throw AdminMistake(#""status": expected "errors" (5xx and failures), or a class such as "4xx""#)
        }
        return .statuses(hundred)
    }

    private static func bodies(_ value: JSONValue) throws(AdminMistake) -> Set<Body> {
        let bodies = value.array?.map { $0.string.flatMap(Body.init(rawValue:)) }
        guard let bodies, !bodies.contains(nil) else {
            throw AdminMistake(#""bodies": expected a list of "request" and "response"; empty for heads only"#)
        }
        return Set(bodies.compactMap { $0 })
    }

    private static func number(_ value: JSONValue, _ name: String, atMost most: Int) throws(AdminMistake) -> Int {
        guard let number = value.number?.integer, (1...most).contains(number) else {
            throw AdminMistake("\"\(name)\": expected a whole number from 1 to \(most)")
        }
        return number
    }
}

extension CaptureTerms {
    var members: [(String, JSONValue)] {
        var members: [(String, JSONValue)] = [("route", .string(route))]
        if let method { members.append(("method", .string(method))) }
        switch outcome {
        case .any: break
        case .errors: members.append(("status", "errors"))
        case .statuses(let hundred): members.append(("status", .string("\(hundred)xx")))
        }
        members.append(("bodies", .array(Body.allCases.filter(bodies.contains).map { .string($0.rawValue) })))
        members.append(("for", .string("\(seconds)s")))
        return members + [("bytes", .integer(bytes)), ("exchanges", .integer(exchanges))]
    }
}
