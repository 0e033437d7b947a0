/// What a route's template can refer to.
package enum RequestReference: Hashable, Sendable {
    /// A segment of the path, counted from 0: a parameter of the route.
    case segment(Int)
    /// The rest of the path from this segment on: what `**` stands for.
    case rest(from: Int)
    /// A claim of the caller's token; dots lead into objects.
    case claim(String)
    /// A header of the request, in lower case.
    case header(String)
    case query(String)
    case cookie(String)
    case consumerID, consumerPlan
    case node, route
    case requestID, clientAddress
    case method, path, host, scheme
}

/// The names that a template of a route may use.
package struct RequestScope: Hashable, Sendable {
    private var segments: [String: Int] = [:]
    private var rest: Int?
    /// In the order of the path.
    private let parameters: [String]
    private let hasPath: Bool

    /// - Parameter path: nil where there is no one route, and so no parameters.
    package init(_ path: PathPattern?) {
        hasPath = path != nil
        parameters = path?.parameterNames ?? []
        for (index, segment) in (path?.segments ?? []).enumerated() {
            switch segment {
            case .literal: break
            case .parameter(let name): segments[name] = index
            case .rest: rest = index
            }
        }
    }

    /// Where the part begins that `**` stands for.
    package var restReference: RequestReference? { rest.map { .rest(from: $0) } }

    /// What the expression refers to. Parameters of the path hide other names.
    package func bind(_ expression: TemplateExpression) throws(TemplateProblem) -> RequestReference {
        let name = expression.name
        if let segment = segments[name] { return .segment(segment) }
        if name == "**" || name == "rest", let restReference { return restReference }
        if let word = Self.words[name] { return word }
        if let dot = name.firstIndex(of: ".") {
            let inner = String(name[name.index(after: dot)...])
            if !inner.isEmpty, let reference = Self.member(inner, of: String(name[..<dot])) { return reference }
        }
        throw TemplateProblem("{\(name)} is unknown here", hint: hint(name), at: expression.offset)
    }

    private static let words: [String: RequestReference] = [
        "consumer.id": .consumerID, "consumer": .consumerID, "consumer.plan": .consumerPlan, "node": .node,
        "route": .route, "request_id": .requestID, "client.ip": .clientAddress, "method": .method, "path": .path,
        "host": .host, "scheme": .scheme,
    ]

    private static func member(_ name: String, of namespace: String) -> RequestReference? {
        switch namespace {
        case "claims": return .claim(name)
        case "header": return isFieldName(name) ? .header(name.lowercased()) : nil
        case "query": return .query(name)
        case "cookie": return .cookie(name)
        default: return nil
        }
    }

    private static func isFieldName(_ name: String) -> Bool {
        name.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                || "!#$%&'*+-.^_`|~".utf8.contains($0)
        }
    }

    private static let namespaces = [
        "claim": "claims", "headers": "header", "queries": "query", "params": "query", "cookies": "cookie",
        "jwt": "claims", "consumers": "consumer", "user": "consumer",
    ]

    private func hint(_ name: String) -> String {
        let known = parameters.map { "{\($0)}" }
        let namespace = String(name.prefix { $0 != "." })
        if let right = Self.namespaces[namespace] {
            return "did you mean {\(right)\(name.dropFirst(namespace.count))}?"
        }
        let candidates = parameters + Self.words.keys.sorted()
        if let near = candidates.first(where: { Self.isNear($0, name) }) { return "did you mean {\(near)}?" }
        let others = "{claims.NAME}, {header.NAME}, {query.NAME}, {cookie.NAME}, {consumer.id}, {node}, {request_id}"
        if !hasPath { return "known are \(others)" }
        return known.isEmpty
            ? "the path has no parameters; known are \(others)"
            : "the path's parameters are \(known.joined(separator: ", ")); known besides are \(others)"
    }

    /// A slip of the fingers: other case, or one letter too many, too few or wrong.
    private static func isNear(_ candidate: String, _ name: String) -> Bool {
        let (left, right) = (Array(candidate.lowercased().utf8), Array(name.lowercased().utf8))
        if left == right { return true }
        guard abs(left.count - right.count) <= 1, left.count > 1 else { return false }
        let start = zip(left, right).prefix { $0 == $1 }.count
        let (restLeft, restRight) = (left.dropFirst(start), right.dropFirst(start))
        return restLeft.dropFirst(left.count >= right.count ? 1 : 0)
            .elementsEqual(restRight.dropFirst(right.count >= left.count ? 1 : 0))
    }
}
