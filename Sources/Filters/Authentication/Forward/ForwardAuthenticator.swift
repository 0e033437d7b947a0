import GatewayCore
import HTTPWire
import JSON
import Policies

/// Asks a service about each request: 2xx lets it pass, with chosen fields of the answer for the upstream; anything else is the
/// client's answer.
package final class ForwardAuthenticator: Authenticator {
    package struct Configuration: Sendable {
        package var url: ServiceURL
        /// Fields of the request that the service gets, in lower case.
        package var requestFields: [String]
        /// Fields of its answer that the upstream gets, as they are to be written.
        package var responseFields: [String]
        /// The field of its answer that names the consumer; nil: nobody is named.
        package var consumerField: String?
        package var timeoutMicroseconds = 1_000_000

        package init(url: ServiceURL, requestFields: [String], responseFields: [String], consumerField: String? = nil) {
            self.url = url
            self.requestFields = requestFields
            self.responseFields = responseFields
            self.consumerField = consumerField
        }
    }

    package let challenge = ""
    private let configuration: Configuration
    private let address: ServiceAddress
    private let client: any ServiceClient
    private let consumers: ConsumerDirectory
    /// Of callers that the service does not name.
    private let unnamed: Identity
    private let requestNames: [[UInt8]]
    /// In lower case.
    private let responseNames: [[UInt8]]
    private let consumerName: [UInt8]?

    private static let mostAnswerBytes = 64 * 1024

    /// - Parameter name: what callers count as whom the service does not name: the authenticator's.
    package init(
        _ configuration: Configuration, name: String, consumers: ConsumerDirectory, client: any ServiceClient
    ) {
        self.configuration = configuration
        self.client = client
        self.consumers = consumers
        unnamed = consumers.identity(of: name)
        requestNames = configuration.requestFields.map { Array($0.lowercased().utf8) }
        responseNames = configuration.responseFields.map { Array($0.lowercased().utf8) }
        consumerName = configuration.consumerField.map { Array($0.lowercased().utf8) }
        let url = configuration.url
        address = ServiceAddress(host: url.host, port: url.port, isSecure: url.isSecure)
    }

    package func authenticate(_ exchange: Exchange) -> AuthenticationResult {
        let head = question(exchange)
        return .later { [self] done in
            client.ask(
                address, head, body: [], mostBytes: Self.mostAnswerBytes,
                timeoutMicroseconds: configuration.timeoutMicroseconds
            ) { [self] answer in
                switch answer {
                case .success(let answer) where (200...299).contains(answer.status): done(accept(answer, exchange))
                case .success(let answer): done(.rejected(Self.passedOn(answer)))
                case .failure: done(.rejected(Self.unavailable))
                }
            }
        }
    }

    /// What is asked: a GET, which tells of the request in `X-Forwarded-*` fields.
    private func question(_ exchange: Exchange) -> [UInt8] {
        let request = exchange.request
        let head = ByteBuilder(capacity: 512)
        head.append("GET \(configuration.url.target) HTTP/1.1\r\nHost: \(configuration.url.authority)\r\n")
        head.append("User-Agent: sluice\r\nX-Forwarded-Method: ")
        head.append(request.method)
        head.append("\r\nX-Forwarded-Proto: ")
        if exchange.peer.isTrusted, let scheme = request.fields.first(.forwardedProto) {
            head.append(scheme)
        } else {
            head.append(exchange.peer.scheme)
        }
        head.append("\r\nX-Forwarded-Host: ")
        head.append(request.host)
        head.append("\r\nX-Forwarded-Uri: ")
        head.append(request.pathAndQuery)
        head.append("\r\nX-Forwarded-For: ")
        head.append(exchange.clientAddress.bytes)
        head.append("\r\nX-Request-ID: ")
        head.append(exchange.requestID.bytes)
        head.append("\r\n")
        for name in requestNames {
            name.withUnsafeBufferPointer { Self.copy($0, of: request.fields, to: head) }
        }
        head.append("\r\n")
        return Array(head.bytes)
    }

    /// All lines of this name, which is in lower case, as they came.
    private static func copy(_ name: Bytes, of fields: FieldSection, to target: ByteBuilder) {
        for index in 0..<fields.count where fields.name(index).equalsIgnoringCase(name) {
            target.append(fields.name(index))
            target.append(": ")
            target.append(fields.value(index))
            target.append("\r\n")
        }
    }

    /// The upstream gets the service's fields and never the client's own of these names.
    private func accept(_ answer: ServiceAnswer, _ exchange: Exchange) -> AuthenticationResult {
        let fields = exchange.request.fields
        var claims: [JSONObject.Member] = []
        for name in responseNames {
            name.withUnsafeBufferPointer { name in
                fields.drop(named: name)
                Self.copy(name, of: answer.head.fields, to: exchange.requestLines)
                guard let value = answer.head.fields.first(name)?.text else { return }
                claims.append(.init(name.text, .string(value)))
            }
        }
        let named = consumerName.flatMap { name in
            name.withUnsafeBufferPointer { answer.head.fields.first($0)?.text }
        }
        guard let id = named, !id.isEmpty else {
            // A service that names callers, and one that it does not name: nobody's limits may be used up.
            if consumerName != nil { return .rejected(Self.nameless) }
            guard !claims.isEmpty else { return .accepted(unnamed) }
            return .accepted(consumers.identity(of: unnamed.consumer, claims: JSONObject(claims) ?? JSONObject()))
        }
        return .accepted(consumers.identity(of: id, claims: JSONObject(claims) ?? JSONObject()))
    }

    /// Fields of a refusal that the client gets: those that a login needs.
    private static let passedFields: [StaticString] = [
        "www-authenticate", "location", "set-cookie", "retry-after", "cache-control",
    ]

    private static func passedOn(_ answer: ServiceAnswer) -> Reply {
        // What is no answer to a client (1xx, or a success in disguise) is the service's failure.
        guard (300...599).contains(answer.status), answer.status != 304 else { return unavailable }
        let fields = answer.head.fields
        var lines = ""
        for index in 0..<fields.count where passedFields.contains(where: { fields.name(index).equalsIgnoringCase($0) })
        {
            lines += "\(fields.name(index).text): \(fields.value(index).text)\r\n"
        }
        let type = fields.first("content-type")?.text ?? "application/octet-stream"
        return Reply(status: answer.status, contentType: type, content: answer.body, lines: lines)
    }

    private static let nameless = Reply.unauthorized(
        "The service that was asked does not say who is calling.", challenges: [])

    private static let unavailable = Reply(
        status: 503, kind: "authorisation-unavailable", title: "Service unavailable",
        detail: "Whether the request may pass can't be asked right now.", lines: "Retry-After: 2\r\n")
}
