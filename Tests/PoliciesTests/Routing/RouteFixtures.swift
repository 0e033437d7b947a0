import Policies

/// A request's header fields, as a list.
struct TestFields: FieldSource {
    var fields: [(name: String, value: String)] = []

    func hasHeader(
        named name: UnsafeBufferPointer<UInt8>, where isWanted: (UnsafeBufferPointer<UInt8>) -> Bool
    ) -> Bool {
        let wanted = String(decoding: name, as: UTF8.self)
        return fields.contains { field in
            var value = field.value
            return field.name.lowercased() == wanted && value.withUTF8 { isWanted($0) }
        }
    }
}

struct TestRequest {
    var method = "GET"
    var host = ""
    var path: String
    var query = ""
    var headers: [(name: String, value: String)] = []
}

extension RouteTable {
    /// What is matched, and the text of the captured parameters.
    func match(_ request: TestRequest) -> (match: RouteMatch, captured: [String]) {
        var (host, method, path, query) = (request.host, request.method, request.path, request.query)
        var captures = PathCaptures()
        let fields = TestFields(fields: request.headers)
        let match = host.withUTF8 { host in
            method.withUTF8 { method in
                path.withUTF8 { path in
                    query.withUTF8 { query in
                        self.match(
                            RouteRequest(host: host, method: method, path: path, query: query), fields,
                            captures: &captures)
                    }
                }
            }
        }
        let bytes = Array(path.utf8)
        return (match, (0..<captures.count).map { String(decoding: bytes[captures[$0].range], as: UTF8.self) })
    }

    func match(_ path: String, _ method: String = "GET", host: String = "") -> RouteMatch {
        match(TestRequest(method: method, host: host, path: path)).match
    }
}

/// `GET,PUT api.example.com/users/{id}`: methods and host may be left out.
func rule(
    _ text: String, headers: [(String, String)] = [], query: [(String, String)] = []
) throws -> RouteRule {
    let parts = text.split(separator: " ")
    let methods = parts.count > 1 ? parts[0].split(separator: ",").map(String.init) : []
    let location = parts[parts.count - 1]
    let slash = location.firstIndex(of: "/") ?? location.endIndex
    return RouteRule(
        name: text, hosts: location[..<slash].split(separator: ",").map(String.init),
        path: try PathPattern(String(location[slash...])), methods: methods,
        headers: try headers.map { try FieldCondition(name: $0.0, text: $0.1) },
        query: try query.map { try FieldCondition(name: $0.0, text: $0.1) })
}

func table(_ rules: String...) throws -> RouteTable { RouteTable(try rules.map { try rule($0) }) }
