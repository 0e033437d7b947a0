import GatewayCore
import HTTPWire
import Policies

/// Where a request carries a key.
final class CredentialPlace {
    private enum Kind { case header, query, cookie }

    private let kind: Kind
    private let name: [UInt8]
    /// A percent-encoded value, decoded.
    private let decoded = ByteBuilder(capacity: 128)

    init(_ source: APIKeyAuthenticator.Source) {
        switch source {
        case .header(let header): (kind, name) = (.header, Array(header.lowercased().utf8))
        case .query(let parameter): (kind, name) = (.query, Array(parameter.utf8))
        case .cookie(let cookie): (kind, name) = (.cookie, Array(cookie.utf8))
        }
    }

    /// Nil: it is not there. Valid until the next call.
    func value(in request: RequestHead) -> Bytes? {
        name.withUnsafeBufferPointer { name in
            switch kind {
            case .header: request.fields.first(name)
            case .query: queryValue(name, of: request)
            case .cookie: request.fields.cookieValue(name)
            }
        }
    }

    /// Takes it out of what the upstream gets.
    func strip(_ exchange: Exchange) {
        name.withUnsafeBufferPointer { name in
            switch kind {
            case .header: exchange.request.fields.drop(named: name)
            case .query: exchange.request.removeQueryParameters(named: name)
            case .cookie: Self.strip(cookie: name, exchange)
            }
        }
    }

    /// The other cookies go on, in one line.
    private static func strip(cookie name: Bytes, _ exchange: Exchange) {
        guard exchange.request.fields.cookieValue(name) != nil else { return }
        var kept: [String] = []
        exchange.takeCookies { pair, other in
            if !other.elementsEqual(name) { kept.append(pair.text) }
        }
        if !kept.isEmpty { exchange.requestLines.append("Cookie: \(kept.joined(separator: "; "))\r\n") }
    }

    /// Decoded (RFC 3986 §2.1): clients must encode what a query may not hold, and may encode anything.
    private func queryValue(_ name: Bytes, of request: RequestHead) -> Bytes? {
        guard let value = request.queryValue(name), value.contains(0x25) else { return request.queryValue(name) }
        var bytes: [UInt8] = []
        PercentText.appendDecoded(value, to: &bytes)
        decoded.removeAll()
        decoded.append(bytes)
        return decoded.bytes
    }
}
