/// Finds the operation that a request to the admin listener means.
struct AdminRouter: Sendable {
    enum Match: Sendable {
        case operation(AdminOperation, parameters: [String: String])
        /// There is something at the path, but not for this method.
        case otherMethods([String])
        case nothing
    }

    private let operations: [AdminOperation]

    init(_ operations: [AdminOperation]) { self.operations = operations }

    func match(method: String, path: String) -> Match {
        let segments = Self.segments(path)
        let found = operations.compactMap { operation in
            Self.match(segments, operation.segments).map { (operation, $0) }
        }
        // HEAD is GET without the body.
        let wanted = method == "HEAD" ? "GET" : method
        if let (operation, parameters) = found.first(where: { $0.0.method.rawValue == wanted }) {
            return .operation(operation, parameters: parameters)
        }
        guard !found.isEmpty else { return .nothing }
        let methods = found.map(\.0.method.rawValue)
        return .otherMethods(methods.flatMap { $0 == "GET" ? ["GET", "HEAD"] : [$0] })
    }

    static func segments(_ path: String) -> [String] {
        path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
    }

    /// The name in a segment such as `{upstream}`; nil: it stands for itself.
    static func parameter(_ segment: String) -> String? {
        segment.hasPrefix("{") && segment.hasSuffix("}") ? String(segment.dropFirst().dropLast()) : nil
    }

    /// The values of the parameters, or nil: the path is another one.
    private static func match(_ segments: [String], _ pattern: [String]) -> [String: String]? {
        guard segments.count == pattern.count else { return nil }
        var parameters: [String: String] = [:]
        for (segment, wanted) in zip(segments, pattern) {
            if let name = parameter(wanted) {
                guard !segment.isEmpty else { return nil }
                parameters[name] = segment
            } else if segment != wanted {
                return nil
            }
        }
        return parameters
    }
}
