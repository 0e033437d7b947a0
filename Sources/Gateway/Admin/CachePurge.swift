import JSON

/// What `POST /api/cache/purge` asks for.
enum CachePurge {
    /// `{"url": …}`, `{"route": …}` or `{"tag": …}`, and `"soft": true` if it is only to become stale.
    static func order(_ body: [UInt8]) throws(AdminMistake) -> CachePurgeOrder {
        let members = try JSONValue.object(of: body, expectation: expectation).members
        var orders: [CachePurgeOrder.What] = []
        var isSoft = false
        for member in members {
            switch (member.name, member.value) {
            case ("url", .string(let url)) where !url.isEmpty: orders.append(.url(url))
            case ("route", .string(let name)) where isName(name): orders.append(.route(name))
            case ("tag", .string(let name)) where isName(name): orders.append(.tag(name))
            case ("route", .string), ("tag", .string):
                throw AdminMistake("\"\(member.name)\": expected a name without blanks; \(expectation)")
            case ("soft", .bool(let value)): isSoft = value
            default: throw AdminMistake("\"\(member.name)\" is unknown, or of the wrong kind; \(expectation)")
            }
        }
        guard orders.count == 1 else { throw AdminMistake(expectation) }
        return CachePurgeOrder(what: orders[0], isSoft: isSoft)
    }

    private static let expectation =
        #"expected one of {"url": "https://…"}, {"route": "NAME"} and {"tag": "NAME"}, with "soft": true if it is only to become stale"#

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 500 && !text.utf8.contains { $0 <= 0x20 || $0 == 0x7F }
    }
}
