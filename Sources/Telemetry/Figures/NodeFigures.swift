/// What a node did within about a second, and how it stood at the end of it: an entry of `<namespace>:figures:<node>`.
package struct NodeFigures: Hashable, Sendable {
    package struct Route: Hashable, Sendable {
        package var name: String
        package var tally: RouteTally

        package init(name: String, tally: RouteTally) {
            self.name = name
            self.tally = tally
        }
    }

    /// How long it was.
    package var spanMilliseconds = 1000
    package var requests = 0
    /// Answers of 5xx, and exchanges whose client left before there was one.
    package var errors = 0
    /// Answers of 429.
    package var limited = 0
    package var hits = 0
    package var lookups = 0
    /// What the gateway itself took, of all requests.
    package var ownMicroseconds = 0
    package var latency = SparseLatency()
    package var cpuMicroseconds = 0
    /// The worst that any worker's clock was late.
    package var lagMicroseconds = 0
    package var workers = 1
    package var inFlight = 0
    package var connections = 0
    /// Attempts that wait for a connection, and commands that wait for Redis.
    package var pending = 0
    package var memoryBytes = 0
    /// The busiest.
    package var routes: [Route] = []

    package static let mostRoutes = 20

    package init() {}

    package init(_ digest: TrafficDigest, names: [String]) {
        requests = digest.requests
        errors = digest.errors
        limited = digest.limited
        hits = digest.hits
        lookups = digest.lookups
        ownMicroseconds = digest.ownMicroseconds
        lagMicroseconds = digest.lagMicroseconds
        latency = digest.latency
        inFlight = digest.inFlight
        routes = digest.routes.sorted { ($1.value.requests, $0.key) < ($0.value.requests, $1.key) }
            .prefix(Self.mostRoutes).compactMap { index, tally in
                index < names.count ? Route(name: names[index], tally: tally) : nil
            }
    }
}

/// As fields of a stream's entry.
extension NodeFigures {
    private static var numbers: [(name: String, path: WritableKeyPath<NodeFigures, Int>)] {
        [
            ("span_ms", \.spanMilliseconds), ("requests", \.requests), ("errors", \.errors), ("limited", \.limited),
            ("hits", \.hits), ("lookups", \.lookups), ("own_us", \.ownMicroseconds), ("cpu_us", \.cpuMicroseconds),
            ("lag_us", \.lagMicroseconds), ("workers", \.workers), ("in_flight", \.inFlight),
            ("connections", \.connections), ("pending", \.pending), ("memory", \.memoryBytes),
        ]
    }

    package var fields: [(name: String, value: String)] {
        Self.numbers.map { ($0.name, "\(self[keyPath: $0.path])") } + [
            ("latency", latency.text),
            (
                "routes",
                routes.map { "\($0.name)=\($0.tally.requests)/\($0.tally.errors)/\($0.tally.microseconds)" }
                    .joined(separator: " ")
            ),
        ]
    }

    /// What does not read as a number is as if it were not there.
    package init(fields: [String: String]) {
        for (name, path) in Self.numbers {
            guard let number = fields[name].flatMap({ Int($0) }), (0...1 << 50).contains(number) else { continue }
            self[keyPath: path] = number
        }
        spanMilliseconds = max(1, spanMilliseconds)
        workers = max(1, workers)
        latency = SparseLatency(text: fields["latency"] ?? "")
        routes = (fields["routes"] ?? "").split(separator: " ").prefix(Self.mostRoutes).compactMap { Route(text: $0) }
    }
}

extension NodeFigures.Route {
    /// `users=120/3/45000`: requests, errors, microseconds.
    fileprivate init?(text: Substring) {
        guard let equals = text.lastIndex(of: "="), equals > text.startIndex else { return nil }
        let numbers = text[text.index(after: equals)...].split(separator: "/").compactMap { Int($0) }
        guard numbers.count == 3, numbers.allSatisfy({ (0...1 << 50).contains($0) }) else { return nil }
        self.init(
            name: String(text[..<equals]),
            tally: RouteTally(requests: numbers[0], errors: numbers[1], microseconds: numbers[2]))
    }
}
