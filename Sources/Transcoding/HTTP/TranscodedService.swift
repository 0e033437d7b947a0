/// The annotated methods of services, matched by HTTP method and path: what a route without a mapping of its own uses.
package struct TranscodedService: Sendable {
    package struct Match: Sendable {
        package let method: TranscodedMethod
        package let captures: [PathTemplate.Capture]
    }

    /// By HTTP method, the most specific template first.
    private let methods: [String: [TranscodedMethod]]

    /// `services` are full names (`library.v1.Library`); all annotated services of the set where it is nil.
    package init(
        _ set: DescriptorSet, services: [String]? = nil, options: TranscodingOptions = TranscodingOptions()
    ) throws(DescriptorFailure) {
        for service in services ?? [] where !set.methods.keys.contains(where: { $0.hasPrefix(service + "/") }) {
            throw DescriptorFailure("the descriptor set has no service \"\(service)\" with methods")
        }
        var methods: [String: [TranscodedMethod]] = [:]
        for name in set.methodNames {
            guard let method = set.methods[name], services?.contains(String(name.prefix { $0 != "/" })) ?? true else {
                continue
            }
            for rule in method.rules where !method.isClientStreaming {
                let compiled = try TranscodedMethod(method, rule, in: set, options: options)
                methods[rule.method, default: []].append(compiled)
            }
        }
        guard !methods.isEmpty else {
            throw DescriptorFailure("no method has a google.api.http annotation; name the route's method instead")
        }
        for (name, rules) in methods { methods[name] = try Self.ordered(rules) }
        self.methods = methods
    }

    private static func ordered(_ methods: [TranscodedMethod]) throws(DescriptorFailure) -> [TranscodedMethod] {
        let ordered = methods.sorted { left, right in
            guard let leftTemplate = left.template, let rightTemplate = right.template else { return false }
            return leftTemplate.isMoreSpecific(than: rightTemplate)
        }
        for (index, method) in ordered.enumerated() {
            for other in ordered[(index + 1)...] {
                if let template = method.template, let second = other.template, template.matchesSame(as: second) {
                    throw DescriptorFailure(
                        "\(method.path) and \(other.path) have the same \(method.httpMethod) path; each needs its own")
                }
            }
        }
        return ordered
    }

    package func match(method: String, path: some Collection<UInt8>) -> Match? {
        guard let candidates = methods[method], let path = PathSegments(path) else { return nil }
        for candidate in candidates {
            if let captures = candidate.template?.match(path) { return Match(method: candidate, captures: captures) }
        }
        return nil
    }

    /// The HTTP methods that the path has a rule for: `Allow` of a 405; empty for a 404.
    package func allowedMethods(path: some Collection<UInt8>) -> [String] {
        methods.keys.filter { match(method: $0, path: path) != nil }.sorted()
    }
}
