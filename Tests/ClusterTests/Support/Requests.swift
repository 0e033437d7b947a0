import Foundation
import TestSupport

extension RawConnection {
    /// Sends a request without a body and reads its response; the connection stays open.
    func exchange(_ target: String, _ headers: [String] = [], method: String = "GET") throws -> RawMessage {
        try sendRequest(["\(method) \(target) HTTP/1.1", "Host: gateway.test"] + headers)
        return try readResponse(to: method)
    }
}

/// One request over a connection of its own.
func request(
    _ target: String, _ headers: [String] = [], method: String = "GET", port: Int, timeout: Duration = .seconds(10)
) throws -> RawMessage {
    let connection = try RawConnection(port: port, timeout: timeout)
    return try connection.exchange(target, headers + ["Connection: close"], method: method)
}

extension RawMessage {
    /// The body as a JSON object; empty if it is none.
    var json: [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]) ?? [:]
    }

    /// The header lines that the demo upstream says it received.
    var echoedHeaders: [String] { json["headers"] as? [String] ?? [] }

    /// The values of a header as the demo upstream received it, by its name in any case.
    func echoed(_ name: String) -> [String] {
        echoedHeaders.filter { $0.lowercased().hasPrefix(name.lowercased() + ": ") }
            .map { String($0.dropFirst(name.count + 2)) }
    }
}
