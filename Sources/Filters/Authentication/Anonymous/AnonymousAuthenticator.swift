import GatewayCore

/// Callers without any credential, as a consumer of their own: what limits and plans then count by. Asked only where no other
/// authenticator has found a credential, so that a bad one is never taken for none.
package final class AnonymousAuthenticator: Authenticator {
    package let challenge = ""
    package let isForNoCredential = true
    private let identity: Identity

    package init(consumer id: String, consumers: ConsumerDirectory) {
        identity = consumers.identity(of: id)
    }

    package func authenticate(_ exchange: Exchange) -> AuthenticationResult { .accepted(identity) }
}
