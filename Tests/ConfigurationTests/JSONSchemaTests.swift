import Foundation
import Testing

@testable import Configuration

@Suite("The JSON Schema")
struct JSONSchemaTests {
    private let schema: [String: Any]

    init() throws {
        let object = try JSONSerialization.jsonObject(with: Data(JSONSchema.text.utf8))
        schema = try #require(object as? [String: Any])
    }

    @Test("is JSON of draft 2020-12, and its references lead somewhere")
    func references() throws {
        #expect(schema["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
        let definitions = try #require(schema["$defs"] as? [String: Any])
        let names = JSONSchema.text.matches(of: /"#\/\$defs\/([a-z_]+)"/).map { String($0.output.1) }
        #expect(names.count >= 15)
        #expect(names.allSatisfy { definitions[$0] != nil })
    }

    @Test("accepts the valid files")
    func acceptsValidFiles() throws {
        for text in [fullFile, smallest] {
            var problems: [YAMLProblem] = []
            let root = try #require(try YAMLReading.read(text, problems: &problems))
            #expect(mismatch(plain(root), schema) == nil)
        }
    }

    @Test(
        "finds the mistakes that a schema can find",
        arguments: [
            "upsteams: {}", "limits: { bdy: 1MiB }", "drain: 30 sec", "routes: []", "limits: { connections: 0 }",
            "state: { on_failure: maybe }", "access_log: { format: xml }", "plans: { a: { shadow: yes } }",
            "plans: { a: { limits: [5/fortnight] } }", "plans: { a: { limits: [{ rat: 5/day }] } }",
            "plans: { a: { window: rolling } }", "plans: { a: { cost: 0 } }", "plans: { a: { cost: { max: 1 } } }",
            "cache: { memory: lots }", "cache: { ttl: 5m }",
            "  - { upstream: users, cache: { methods: [POST] } }", "  - { upstream: users, cache: { sort: true } }",
            "  - { upstream: users, cache: { tags: [\"a b\"] } }", "  - { upstream: users, cache: on }",
            "  - { upstream: users, cache: { key: { query: some } } }", "limits: { streams: 0 }",
            "  - { upstream: users, upgrade: on }", "  - { upstream: users, upgrade: { protocols: [\"a b\"] } }",
            "  - { upstream: users, grpc: { web: 1 } }", "  - { upstream: users, grpc: { method: SayHello } }",
            "  - { upstream: users, grpc: { stream: json } }",
            "  - { split: [{ upstream: users, weight: -1 }] }", "  - { split: users }",
            "  - { upstream: users, mirror: { sample: 1% } }",
            "  - { upstream: users, fault: { abort: { status: 200 } } }",
            "  - { upstream: users, versions: { \"1\": {} } }",
            "  - { upstream: users, versions: { from: { header: V }, \"1\": { sunset: soon } } }",
            "gateways: [{ name: a, host: b, routes: [users] }]",
            "  - { maintenance: { until: tomorrow } }", "  - { respond: { status: 100 } }",
            "  - { redirect: { status: 301 } }",
            "listeners: [{ bind: \":1\", tls: {} }]",
            "listeners: [{ bind: \":1\", tls: { certificates: [{ chain: a }] } }]",
            "listeners: [{ bind: \":1\", tls: { certificates: [{ chain: a, key: a }], alpn: [h3] } }]",
        ])
    func findsMistakes(line: String) throws {
        var problems: [YAMLProblem] = []
        let text = line.hasPrefix("routes") ? "upstreams: {}\n" + line : smallest + line
        let root = try #require(try YAMLReading.read(text, problems: &problems))
        #expect(mismatch(plain(root), schema) != nil)
    }

    @Test("tells the defaults in the written form")
    func defaults() throws {
        let definitions = try #require(schema["$defs"] as? [String: [String: Any]])
        let limits = try #require(definitions["limits"]?["properties"] as? [String: [String: Any]])
        #expect(limits["body"]?["default"] as? String == "16MiB")
        #expect(limits["idle_timeout"]?["default"] as? String == "1m")
        #expect(limits["connections"]?["default"] as? Int == 20_000)
        let breaker = try #require(definitions["breaker"]?["properties"] as? [String: [String: Any]])
        #expect(breaker["error_rate"]?["default"] as? String == "50%")
    }

    @Test("describes every key")
    func descriptions() throws {
        let definitions = try #require(schema["$defs"] as? [String: [String: Any]])
        for (name, definition) in definitions {
            let properties = definition["properties"] as? [String: [String: Any]] ?? [:]
            for (key, property) in properties {
                #expect((property["description"] as? String)?.isEmpty == false, "\(name).\(key)")
            }
        }
    }

    // MARK: A validator of the few keywords that the schema uses

    private func plain(_ node: ConfigurationNode) -> Any {
        switch node.content {
        case .empty: NSNull()
        case .scalar(let text, true): text
        case .scalar(let text, false): Int(text).map { $0 as Any } ?? Bool(text).map { $0 as Any } ?? text as Any
        case .list(let items): items.map(plain)
        case .mapping(let entries): Dictionary(uniqueKeysWithValues: entries.map { ($0.key, plain($0.value)) })
        }
    }

    /// The first way in which a value does not fit; nil: it does.
    private func mismatch(_ value: Any, _ schema: [String: Any]) -> String? {
        if let reference = schema["$ref"] as? String {
            let name = String(reference.dropFirst("#/$defs/".count))
            let definitions = self.schema["$defs"] as? [String: [String: Any]]
            guard let definition = definitions?[name] else { return "no definition \(name)" }
            if let problem = mismatch(value, definition) { return problem }
        }
        for one in schema["allOf"] as? [[String: Any]] ?? [] {
            if let problem = mismatch(value, one) { return problem }
        }
        if let options = schema["anyOf"] as? [[String: Any]], options.allSatisfy({ mismatch(value, $0) != nil }) {
            return "\(value) is none of \(options)"
        }
        if let types = schema["type"], !fits(value, types as? [String] ?? [types as? String ?? ""]) {
            return "\(value) is not \(types)"
        }
        if let constant = schema["const"] as? String, value as? String != constant {
            return "\(value) is not \(constant)"
        }
        if let words = schema["enum"] as? [String], !words.contains(value as? String ?? "") {
            return "\(value): \(words)"
        }
        if let pattern = schema["pattern"] as? String, let text = value as? String,
            text.range(of: pattern, options: .regularExpression) == nil
        {
            return "\(text) does not match \(pattern)"
        }
        return mismatchOfNumber(value, schema) ?? mismatchOfList(value, schema) ?? mismatchOfMapping(value, schema)
    }

    private func fits(_ value: Any, _ types: [String]) -> Bool {
        switch value {
        case is String: types.contains("string")
        case is Bool: types.contains("boolean")
        case is Int: types.contains("integer") || types.contains("number")
        case is [Any]: types.contains("array")
        case is [String: Any]: types.contains("object")
        default: false
        }
    }

    private func mismatchOfNumber(_ value: Any, _ schema: [String: Any]) -> String? {
        guard let number = value as? Int else { return nil }
        if let minimum = schema["minimum"] as? Int, number < minimum { return "\(number) < \(minimum)" }
        if let maximum = schema["maximum"] as? Int, number > maximum { return "\(number) > \(maximum)" }
        return nil
    }

    private func mismatchOfList(_ value: Any, _ schema: [String: Any]) -> String? {
        guard let items = value as? [Any] else { return nil }
        if let minimum = schema["minItems"] as? Int, items.count < minimum { return "too few entries" }
        guard let item = schema["items"] as? [String: Any] else { return nil }
        return items.lazy.compactMap { mismatch($0, item) }.first
    }

    private func mismatchOfMapping(_ value: Any, _ schema: [String: Any]) -> String? {
        guard let mapping = value as? [String: Any] else { return nil }
        for name in schema["required"] as? [String] ?? [] where mapping[name] == nil { return "\(name) is missing" }
        let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
        for (key, entry) in mapping {
            if let property = properties[key] {
                if let problem = mismatch(entry, property) { return "\(key): \(problem)" }
            } else if let other = schema["additionalProperties"] as? [String: Any] {
                if let problem = mismatch(entry, other) { return "\(key): \(problem)" }
            } else if schema["additionalProperties"] as? Bool == false {
                return "\(key) is not known"
            }
        }
        return nil
    }
}
