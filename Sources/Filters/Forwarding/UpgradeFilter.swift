import GatewayCore
import HTTPWire

/// Passes on that a client wants to change to another protocol, where the route allows that one. Elsewhere the wish is
/// dropped with all that is about the connection, and the request goes on as an ordinary one.
package final class UpgradeFilter: RequestFilter {
    package let phase = Phase.transformRequest
    /// In lower case; nil: all but those that would change to HTTP again, and so past the routes.
    private let protocols: [[UInt8]]?
    private let idleMicroseconds: Int
    private let lifetimeMicroseconds: Int
    private static let never: [StaticString] = ["h2c", "http", "tls"]

    package init(protocols: [String]?, idleMicroseconds: Int, lifetimeMicroseconds: Int) {
        self.protocols = protocols.map { $0.map { Array($0.utf8) } }
        self.idleMicroseconds = idleMicroseconds
        self.lifetimeMicroseconds = lifetimeMicroseconds
    }

    package func apply(_ exchange: Exchange) -> Verdict {
        guard let wanted = exchange.request.upgrade, allows(wanted) else { return .proceed }
        exchange.tunnel = TunnelTerms(
            isWebSocket: wanted.equalsIgnoringCase("websocket"), idleMicroseconds: idleMicroseconds,
            lifetimeMicroseconds: lifetimeMicroseconds)
        exchange.requestLines.append("Connection: Upgrade\r\nUpgrade: ")
        exchange.requestLines.append(wanted)
        exchange.requestLines.append("\r\n")
        return .proceed
    }

    private func allows(_ wanted: Bytes) -> Bool {
        guard let protocols else {
            // The version behind the name makes no difference: `HTTP/2.0`, `TLS/1.3`.
            let name = wanted.firstIndex(of: 0x2F).map { wanted.slice(0, $0) } ?? wanted
            return !wanted.contains(0x2C) && !Self.never.contains { name.equalsIgnoringCase($0) }
        }
        return protocols.contains { allowed in
            allowed.count == wanted.count && zip(allowed, wanted).allSatisfy { $0 == $1 | ($1 &- 0x41 < 26 ? 0x20 : 0) }
        }
    }
}
