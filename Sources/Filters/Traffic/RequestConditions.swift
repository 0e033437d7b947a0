import HTTPWire
import Policies

/// What a request must carry for something to happen to it: header fields, cookies, query parameters. All must hold.
package struct RequestConditions: Sendable {
    private struct Named: Sendable {
        let name: [UInt8]
        let condition: FieldCondition
    }

    private let headers: [Named]
    private let cookies: [Named]
    private let query: [Named]
    /// `Vary` with the names of the header fields; empty if there are none.
    let varyLine: [UInt8]

    package init(headers: [FieldCondition], cookies: [FieldCondition], query: [FieldCondition]) {
        func named(_ conditions: [FieldCondition], _ fold: (String) -> String) -> [Named] {
            conditions.map { Named(name: Array(fold($0.name).utf8), condition: $0) }
        }
        self.headers = named(headers) { $0.lowercased() }
        self.cookies = named(cookies) { $0 }
        self.query = named(query) { $0 }
        let names = headers.map(\.name) + (cookies.isEmpty ? [] : ["Cookie"])
        varyLine = names.isEmpty ? [] : Array("Vary: \(names.joined(separator: ", "))\r\n".utf8)
    }

    package func hold(for request: RequestHead) -> Bool {
        for header in headers where !holds(header, in: request.fields) { return false }
        for cookie in cookies {
            let value = cookie.name.withUnsafeBufferPointer { request.fields.cookie($0) }
            guard let value, cookie.condition.accepts(value) else { return false }
        }
        for parameter in query {
            let value = parameter.name.withUnsafeBufferPointer { request.queryValue($0) }
            guard let value, parameter.condition.accepts(value) else { return false }
        }
        return true
    }

    private func holds(_ header: Named, in fields: FieldSection) -> Bool {
        header.name.withUnsafeBufferPointer { name in
            for index in 0..<fields.count where fields.name(index).equalsIgnoringCase(name) {
                if header.condition.accepts(fields.value(index)) { return true }
            }
            return false
        }
    }
}
