import Credentials
import GatewayCore
import HTTPWire
import JSON
import NIOCore
import Policies

/// One worker's way to a provider's keys.
package final class KeySetFetcher {
    package let set: FetchedKeySet
    private let client: any ServiceClient
    private let loop: any EventLoop

    package init(_ set: FetchedKeySet, client: any ServiceClient, loop: any EventLoop) {
        self.set = set
        self.client = client
        self.loop = loop
    }

    /// Called now and then: keeps the keys fresh, and has them before the first token comes.
    package func tick() {
        guard set.isDue(atMicroseconds: MonotonicClock.microseconds()) else { return }
        refresh {}
    }

    /// Fetches the keys, or waits for whoever does.
    /// - Parameter completion: called on this worker, at once if a fetch has just been made.
    func refresh(_ completion: @escaping () -> Void) {
        switch set.begin(atMicroseconds: MonotonicClock.microseconds(), on: loop, otherwise: completion) {
        case .waiting: return
        case .tooSoon: return completion()
        case .fetch: break
        }
        fetch { [set] result, age in
            set.ended(result, maximumAge: age, atMicroseconds: MonotonicClock.microseconds())
            completion()
        }
    }

    private typealias Completion = (Result<[UInt8], KeySetFailure>, _ maximumAge: Int?) -> Void

    private func fetch(_ completion: @escaping Completion) {
        switch set.source {
        case .keySet(let url): get(url, completion)
        case .issuer(let issuer):
            let path =
                issuer.target == "/"
                ? "" : issuer.target.hasSuffix("/") ? String(issuer.target.dropLast()) : issuer.target
            guard let url = issuer.with(path: path + "/.well-known/openid-configuration") else {
                return completion(.failure(KeySetFailure(reason: "its issuer is no URL with a path")), nil)
            }
            get(url) { [self] result, _ in
                switch result.flatMap({ Self.keySetURL($0, of: issuer) }) {
                case .success(let url): get(url, completion)
                case .failure(let failure): completion(.failure(failure), nil)
                }
            }
        }
    }

    /// OpenID Connect Discovery 1.0 §4.3: the document has to be of the issuer that was asked.
    private static func keySetURL(_ document: [UInt8], of issuer: ServiceURL) -> Result<ServiceURL, KeySetFailure> {
        let object = (try? JSONReader.read(document))?.object
        guard let named = object?["issuer"]?.string, let address = ServiceURL(named), address.isSame(as: issuer) else {
            return .failure(KeySetFailure(reason: "its discovery document is of another issuer"))
        }
        guard let text = object?["jwks_uri"]?.string, let url = ServiceURL(text) else {
            return .failure(KeySetFailure(reason: "its discovery document has no jwks_uri"))
        }
        guard url.isSecure || !issuer.isSecure else {
            return .failure(KeySetFailure(reason: "its jwks_uri is not https, as the issuer is"))
        }
        return .success(url)
    }

    private func get(_ url: ServiceURL, _ completion: @escaping Completion) {
        let head =
            "GET \(url.target) HTTP/1.1\r\nHost: \(url.authority)\r\nAccept: application/json\r\nUser-Agent: sluice\r\n\r\n"
        let address = ServiceAddress(host: url.host, port: url.port, isSecure: url.isSecure)
        client.ask(address, Array(head.utf8), body: [], mostBytes: JWKSet.maximumBytes, timeoutMicroseconds: 5_000_000)
        { result in
            switch result {
            case .success(let answer) where answer.status == 200:
                completion(.success(answer.body), Self.maximumAge(answer.head))
            case .success(let answer): completion(.failure(KeySetFailure(reason: "it answered \(answer.status)")), nil)
            case .failure(let failure): completion(.failure(KeySetFailure(reason: failure.label)), nil)
            }
        }
    }

    private static func maximumAge(_ head: ResponseHead) -> Int? {
        guard let field = head.fields.first("cache-control") else { return nil }
        var age: Int?
        field.forEachListElement { directive in
            if directive.count > 8, directive.slice(0, 8).equalsIgnoringCase("max-age=") {
                age = Decimal.parse(directive.slice(8, directive.count - 8))
            }
        }
        return age
    }
}

extension ServiceURL {
    fileprivate func isSame(as other: ServiceURL) -> Bool {
        func bare(_ url: ServiceURL) -> String { url.target == "/" ? "" : url.target }
        return isSecure == other.isSecure && authority == other.authority && bare(self) == bare(other)
    }
}
