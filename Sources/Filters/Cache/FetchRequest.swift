import GatewayCore
import HTTPWire
import Policies

/// What a fetch asks the origin: the client's request as a plain GET, made before the client's exchange goes on.
struct FetchRequest {
    private let head: [UInt8]
    private let client: ClientFacts
    private let peer: Peer
    private let replacesCORS: Bool
    private let leadingSegments: Int
    /// Method and target, where the route has the origin asked for something else.
    private let rewritten: (method: [UInt8], target: [UInt8])?
    /// By which `Vary` selects.
    let hasAuthorization: Bool
    let path: String

    init(_ exchange: Exchange, facts: CacheRequestFacts) {
        head = Self.head(of: exchange.request)
        client = ClientFacts(exchange)
        peer = exchange.peer
        replacesCORS = exchange.replacesCORS
        rewritten = exchange.request.rewrittenLine
        leadingSegments = exchange.leadingSegments
        hasAuthorization = facts.hasAuthorization
        path = exchange.request.path.text
    }

    /// Makes `exchange` one that asks for this.
    /// - Parameter stored: a response that the origin may say is still good.
    /// - Returns: false if the head can't be read again, which only a bug can cause.
    func begin(_ exchange: Exchange, validating stored: CachedResponse?) -> Bool {
        var text = head
        if let stored {
            if !stored.etag.isEmpty { Self.append("If-None-Match", stored.etag, to: &text) }
            if !stored.lastModifiedText.isEmpty {
                Self.append("If-Modified-Since", stored.lastModifiedText, to: &text)
            }
        }
        text.append(contentsOf: "\r\n".utf8)
        guard exchange.begin(text, onBehalfOf: client) else { return false }
        exchange.replacesCORS = replacesCORS
        exchange.leadingSegments = leadingSegments
        if let rewritten {
            rewritten.method.withUnsafeBufferPointer { method in
                rewritten.target.withUnsafeBufferPointer { exchange.request.rewrite(method: method, target: $0) }
            }
        }
        return true
    }

    func makeExchange(for downstream: any Downstream) -> Exchange { Exchange(downstream: downstream, peer: peer) }

    /// The request's head without what makes it conditional or partial, and without the blank line: what comes is to serve
    /// everybody, whatever this client has.
    private static func head(of request: RequestHead) -> [UInt8] {
        var head = Array("GET ".utf8)
        head.append(contentsOf: request.pathAndQuery)
        head.append(contentsOf: " HTTP/1.1\r\n".utf8)
        request.appendFields(to: &head) { !isAboutThisClient(request.fields.name($0)) }
        return head
    }

    private static func isAboutThisClient(_ name: Bytes) -> Bool {
        switch name.count {
        case 5: name.equalsIgnoringCase("range")
        case 8: name.equalsIgnoringCase("if-match") || name.equalsIgnoringCase("if-range")
        case 10: name.equalsIgnoringCase("connection")
        case 13: name.equalsIgnoringCase("if-none-match")
        case 14: name.equalsIgnoringCase("content-length")
        case 17: name.equalsIgnoringCase("if-modified-since")
        case 19: name.equalsIgnoringCase("if-unmodified-since")
        default: false
        }
    }

    private static func append(_ name: StaticString, _ value: [UInt8], to head: inout [UInt8]) {
        name.withUTF8Buffer { head.append(contentsOf: $0) }
        head.append(contentsOf: ": ".utf8)
        head.append(contentsOf: value)
        head.append(contentsOf: "\r\n".utf8)
    }
}
