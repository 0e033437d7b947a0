import RedisClient

/// What Redis counted: calls of scripts, and the time they took. A script's own commands are not calls, so these are the
/// round trips of the nodes; their heartbeats are among them.
package struct RedisFigures: Hashable, Sendable {
    package var scriptCalls = 0
    package var scriptMicroseconds = 0

    package init() {}

    /// - Parameter text: of `INFO commandstats`.
    package init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, ["cmdstat_eval", "cmdstat_evalsha"].contains(parts[0]) else { continue }
            scriptCalls += Self.number("calls=", in: parts[1])
            scriptMicroseconds += Self.number("usec=", in: parts[1])
        }
    }

    package static func read(_ client: RedisClient) async throws -> RedisFigures {
        RedisFigures(try await client.send("INFO", "commandstats").text ?? "")
    }

    package static func - (later: RedisFigures, earlier: RedisFigures) -> RedisFigures {
        var difference = RedisFigures()
        difference.scriptCalls = later.scriptCalls - earlier.scriptCalls
        difference.scriptMicroseconds = later.scriptMicroseconds - earlier.scriptMicroseconds
        return difference
    }

    private static func number(_ name: String, in text: Substring) -> Int {
        text.split(separator: ",").first { $0.hasPrefix(name) }.flatMap { Int($0.dropFirst(name.count)) } ?? 0
    }
}
