import GatewayCore
import HTTPWire
import Policies

/// The cache of a route, as configured.
package struct CacheRoute: Sendable {
    package var name: String
    package var rules = StorageRules()
    package var key = CacheKeyRules()
    /// Further request fields by which responses differ, besides what they name in `Vary`.
    package var vary = VaryNames()
    package var usesGET = true
    package var usesHEAD = true
    /// Larger bodies are passed on and not kept. Bytes.
    package var maximumObject = 1 << 20
    package var tags: [TagTemplate] = []
    package var bypass = CacheBypass()

    package init(name: String) { self.name = name }

    /// Every response of a route carries this tag.
    package static func tag(ofRoute name: String) -> String { "route:\(name)" }
}

/// Requests that the cache has no part in: one match is enough.
package struct CacheBypass: Sendable {
    /// Request fields by lower-case name.
    package var headers: [Condition] = []
    package var query: [Condition] = []
    package var cookies: [String] = []

    package init() {}

    package struct Condition: Sendable {
        package var name: String
        package var accepts: @Sendable (Bytes) -> Bool

        package init(name: String, accepts: @escaping @Sendable (Bytes) -> Bool) {
            self.name = name
            self.accepts = accepts
        }
    }

    package var isEmpty: Bool { headers.isEmpty && query.isEmpty && cookies.isEmpty }

    func matches(_ request: RequestHead) -> Bool {
        guard !isEmpty else { return false }
        for condition in headers {
            var name = condition.name
            let value = name.withUTF8 { request.fields.first($0) }
            if let value, condition.accepts(value) { return true }
        }
        if !query.isEmpty, matchesQuery(request.query) { return true }
        return !cookies.isEmpty && hasCookie(request.fields)
    }

    private func matchesQuery(_ query: Bytes) -> Bool {
        var start = 0
        for index in 0...query.count where index == query.count || query[index] == UInt8(ascii: "&") {
            let part = query.slice(start, index - start)
            start = index + 1
            let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.count
            let value = equals < part.count ? part.slice(equals + 1, part.count - equals - 1) : part.slice(equals, 0)
            for condition in self.query
            where part.slice(0, equals).elementsEqual(condition.name.utf8) && condition.accepts(value) { return true }
        }
        return false
    }

    private func hasCookie(_ fields: FieldSection) -> Bool {
        for index in 0..<fields.count where fields.slots[index].kind == .cookie {
            let line = fields.value(index)
            var start = 0
            for end in 0...line.count where end == line.count || line[end] == UInt8(ascii: ";") {
                let name = line.slice(start, end - start).trimmed.prefix { $0 != UInt8(ascii: "=") }
                start = end + 1
                if cookies.contains(where: { name.elementsEqual($0.utf8) }) { return true }
            }
        }
        return false
    }
}
