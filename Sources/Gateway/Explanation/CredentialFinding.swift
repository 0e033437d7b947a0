import Filters
import GatewayCore

/// What one authenticator makes of an explained request.
enum CredentialFinding {
    /// As a node would find it. The note says what else there is to know.
    case told(AuthenticationResult, note: String? = nil)
    /// Somebody would be asked who is not asked here; the note says who, and what.
    case open(String)
}

/// Says what has been found already, so that the rules about several authenticators are those of nodes.
final class ToldAuthenticator: Authenticator {
    let challenge = ""
    let isForNoCredential: Bool
    private let result: AuthenticationResult

    init(_ result: AuthenticationResult, isForNoCredential: Bool) {
        self.result = result
        self.isForNoCredential = isForNoCredential
    }

    func authenticate(_ exchange: Exchange) -> AuthenticationResult { result }
}
