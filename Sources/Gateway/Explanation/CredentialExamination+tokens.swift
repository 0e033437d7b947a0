import Configuration
import Credentials
import Filters
import GatewayCore
import HTTPWire

/// Signed tokens: with the configured keys, with those that a node has of a provider, or else all but the signature.
extension CredentialExamination {
    func token(_ settings: JWTSettings, _ name: String, _ exchange: Exchange) throws -> CredentialFinding {
        guard let configured = verifiers[name] else { return .open("its keys were not loaded") }
        let fetched = keySets?[name]?.keys ?? []
        var configuration = configured.configuration
        configuration.keys += fetched
        let verifier = try JWTVerifier(configuration)
        let authenticator = try JWTAuthenticator(settings, verifier, consumers, fetcher: nil)
        guard let token = authenticator.token(in: exchange.request) else { return .told(.absent) }
        let bytes = UnsafeRawBufferPointer(token)
        guard let provider = settings.provider, case .invalid(.unknownKey) = verifier.verify(bytes, nowSeconds: now)
        else {
            return .told(authenticator.authenticate(exchange))
        }
        do throws(JWTFailure) {
            let unproven = try verifier.judgeAllButSignature(bytes, nowSeconds: now)
            return finding(unproven, authenticator.claimed(by: unproven), provider, fetched: fetched.count)
        } catch {
            return .told(
                .rejected(Reply(status: 401, kind: "unauthorized", title: "Unauthorized", detail: "\(error.detail).")))
        }
    }

    private var now: Int { WallClock.seconds() }

    private func finding(
        _ token: UnprovenToken, _ identity: Identity?, _ provider: JWTSettings.Provider, fetched: Int
    ) -> CredentialFinding {
        let (place, what) =
            switch provider {
            case .keySet(let url): (Self.place(url), "the key set")
            case .issuer(let url): (Self.place(url), "the issuer")
            }
        let key = "\(token.algorithm.rawValue)\(token.keyID.map { ", key \($0)" } ?? "")"
        let note =
            keySets == nil
            ? "the signature (\(key)) is not checked here, as \(what) \(place) would be asked for keys; all else of the token is good"
            : "its key (\(key)) is none of the \(fetched) that this node has of \(place), which would be asked anew; "
                + "all else of the token is good"
        // A node has the keys that there are: one that it doesn't have is not likely to be good.
        guard keySets == nil, let identity else { return .open(note) }
        return .told(.accepted(identity), note: note)
    }
}
