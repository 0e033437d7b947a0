import Credentials
import GatewayCore
import HTTPWire
import NIOCore

/// A request that nobody has sent: what would become of it is asked.
package struct ExplainedRequest: Sendable {
    package var method: String
    /// `http://host/path?query`, or only the path.
    package var url: String
    /// `Name: value` each.
    package var headers: [String]
    /// The client's address.
    package var address: String
    /// The listener's `bind`; nil: one that is no gateway's.
    package var listener: String?
    /// The caller is taken for this consumer, whatever credential there is; nil: credentials are looked at.
    package var consumer: String?
    /// What the client has shown in a TLS handshake, as PEM.
    package var certificate: String?

    package init(
        method: String, url: String, headers: [String] = [], address: String = "127.0.0.1", listener: String? = nil,
        as consumer: String? = nil, certificate: String? = nil
    ) {
        self.consumer = consumer
        self.certificate = certificate
        self.listener = listener
        self.method = method
        self.url = url
        self.headers = headers
        self.address = address
    }

    /// Why it can't be a request.
    package struct Mistake: Error, CustomStringConvertible {
        package let description: String
    }

    /// Reads it as a connection would, so that it is normalised and refused just so.
    func makeExchange(for downstream: any Downstream) throws(Mistake) -> Exchange {
        var rest = url[...]
        var isSecure = false
        var host: String?
        for (scheme, secure) in [("http://", false), ("https://", true)] where url.lowercased().hasPrefix(scheme) {
            rest = url.dropFirst(scheme.count)
            isSecure = secure
            host = String(rest.prefix { $0 != "/" && $0 != "?" })
            rest = rest.dropFirst(host?.count ?? 0)
        }
        if rest.hasPrefix("?") || rest.isEmpty { rest = "/" + rest }
        guard rest.hasPrefix("/") else {
            throw Mistake(description: "\(url) is no URL; write http://HOST/PATH, or /PATH")
        }
        guard !headers.contains(where: { $0.utf8.contains { $0 == 0x0D || $0 == 0x0A } }) else {
            throw Mistake(description: "a header is one line")
        }
        var lines = headers
        if let host { lines.removeAll { $0.lowercased().hasPrefix("host:") }; lines.insert("Host: \(host)", at: 0) }
        if !lines.contains(where: { $0.lowercased().hasPrefix("host:") }) { lines.insert("Host: localhost", at: 0) }
        let text = "\(method) \(rest) HTTP/1.1\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n"
        let peer = Peer(address: address)
        peer.isSecure = isSecure
        if let certificate {
            do throws(CredentialError) {
                peer.certificate = try PeerCertificate(pem: Array(certificate.utf8))
                peer.isSecure = true
            } catch {
                throw Mistake(description: "the certificate can't be read: \(error)")
            }
        }
        let exchange = Exchange(downstream: downstream, peer: peer)
        let outcome = Array(text.utf8).withUnsafeBufferPointer { exchange.request.parse($0, limit: $0.count + 1) }
        guard case .complete = outcome else {
            if case .fault(let fault) = outcome {
                throw Mistake(description: "it would be refused as malformed: \(fault)")
            }
            throw Mistake(description: "it is no complete request")
        }
        exchange.begin(atMicroseconds: MonotonicClock.microseconds())
        exchange.clientAddress.append(address)
        exchange.requestID.append("explained")
        return exchange
    }
}

/// The client that is not there.
final class NobodyDownstream: Downstream {
    func send(_ reply: Reply, for exchange: Exchange) {}
    func interim(_ head: ResponseHead) {}
    func respond(_ head: ResponseHead, body: ByteBuffer?, isComplete: Bool) {}
    func respond(_ head: StoredHead, body: StoredBody?, isComplete: Bool) {}
    func write(_ body: ByteBuffer) {}
    func end(trailers: [UInt8]) {}
    func abort(_ failure: Failure) {}
    func attach(_ producer: any ResponseProducer) {}
    var isWritable: Bool { true }
    func pauseBody() {}
    func resumeBody() {}
    func abandonedExchangeEnded(_ exchange: Exchange) {}
}
