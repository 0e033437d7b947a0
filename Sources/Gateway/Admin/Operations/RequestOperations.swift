import GatewayCore
import JSON
import Telemetry

/// The live tail of requests.
enum RequestOperations {
    static let all: [AdminOperation] = [
        AdminOperation(
            method: .get, path: "/api/requests", id: "requests",
            summary: "The latest requests of this node, sampled, and only noted while somebody asks for them.",
            query: [
                AdminParameter(
                    name: "after", schema: ["type": "integer", "minimum": 0],
                    description: "Only those after this number: next of the last answer.")
            ],
            answer: AdminAnswer(
                description: "Oldest first; times in milliseconds.",
                schema: AdminSchema.object([
                    "requests": AdminSchema.list(AdminSchema.any), "next": AdminSchema.integer,
                ])),
            problems: [400: "The parameter is not as described."]
        ) { request throws(AdminMistake) in
            let after = try request.number("after", in: 0...1 << 50, default: 0)
            let entries = request.node.tail.look(after: after)
            return .json(
                200,
                [
                    "requests": .array(entries.map { $0.json }),
                    "next": .integer(entries.last?.sequence ?? after),
                ])
        }
    ]
}

extension RequestTail.Entry {
    fileprivate var json: JSONValue {
        func milliseconds(_ value: Int?) -> JSONValue { value.map { .decimal(Double($0) / 1000) }.orNull }
        func text(_ value: String) -> JSONValue { value.isEmpty ? .null : .string(value) }
        return [
            "time_ms": .integer(wallMicroseconds / 1000), "id": .string(id), "client": .string(client),
            "method": .string(method), "host": .string(host), "path": .string(path),
            "status": .integer(record.status), "duration_ms": milliseconds(durationMicroseconds),
            "own_ms": milliseconds(record.ownMicroseconds), "upstream_ms": milliseconds(record.upstreamMicroseconds),
            "bytes_in": .integer(record.bytesIn), "bytes_out": .integer(record.bytesOut), "route": text(route),
            "upstream": text(upstream), "attempts": .integer(record.attempts), "consumer": text(consumer),
            "limit": LimitDecision(record.limit).map { .string("\($0.label)") }.orNull,
            "cache": CacheOutcome(record.cache).map { .string("\($0.label)") }.orNull,
            "error": (record.failure?.label).map { .string($0) }.orNull, "trace": text(trace),
            "decisions": .array(decisions.map { .string($0) }),
        ]
    }
}
