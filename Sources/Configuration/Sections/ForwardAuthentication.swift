import Policies

/// `forward` of an authenticator: a service that is asked about each request.
package struct ForwardAuthenticationSettings: Hashable, Sendable {
    package var url: ServiceURL
    package var requestFields: [String]
    package var responseFields: [String]
    /// Nil: callers count as the authenticator's name.
    package var consumerField: String?
    package var timeoutMicroseconds: Int

    static let kind = Kind<ForwardAuthenticationSettings>.section(
        "forward", "a mapping such as { url: \"http://auth/check\", response_headers: [X-User] }"
    ) { section in
        let url = section.required("url", .serviceURL, "Whom to ask, by GET; 2xx lets the request pass.")
        let request = section.value(
            "request_headers", .oneOrMany(.passedField), default: ["Authorization", "Cookie"],
            "Fields of the request that it gets.")
        let response = section.value(
            "response_headers", .oneOrMany(.passedField), default: [],
            "Fields of its answer that the upstream gets; the client's own of these names never reach it.")
        let consumer = section.optional(
            "consumer", .passedField, "The field of its answer that names the consumer.")
        let timeout = section.value(
            "timeout", .duration(10_000...30_000_000), default: 1_000_000, "How long its answer is waited for.")
        return url.map {
            ForwardAuthenticationSettings(
                url: $0, requestFields: request, responseFields: response, consumerField: consumer,
                timeoutMicroseconds: timeout)
        }
    }
}

/// `anonymous` of an authenticator: callers without a credential, as a consumer of their own.
package struct AnonymousSettings: Hashable, Sendable {
    package var consumer: String

    static let kind = Kind<AnonymousSettings>.section("anonymous", "a mapping such as { consumer: guest }") { section in
        AnonymousSettings(
            consumer: section.value(
                "consumer", .text("a consumer's id"), default: "anonymous", "Whom they count as, in limits and logs."))
    }
}

extension Kind where Value == String {
    /// A field that may be passed on from one message to another.
    fileprivate static var passedField: Kind {
        Kind<String>.token("the name of a header field").map { name, reader in
            let lowered = name.lowercased()
            let isFraming = [
                "host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "keep-alive",
                "expect", "proxy-connection", "proxy-authorization", "via",
            ].contains(lowered)
            if isFraming || lowered.hasPrefix("x-forwarded-") || lowered == "x-request-id" || lowered == "forwarded" {
                reader.report("\(quoted(name)) belongs to each connection, or is set by the gateway", hint: "remove it")
                return nil
            }
            return name
        }
    }
}
