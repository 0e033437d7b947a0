import Credentials
import RedisClient

/// Nonces of the whole cluster: `<namespace>:nonce:{<digest>}`, set if it is not there, with an expiry. What this node has seen itself it
/// knows without asking, also while Redis is away.
package final class RedisNonces: NonceStore {
    private let link: RedisLink
    private let namespace: String
    private let memory: InMemoryNonces
    /// Whether a nonce counts as unknown while Redis can't be asked, rather than as this node knows it.
    private let deniesWithoutRedis: Bool

    package init(_ link: RedisLink, namespace: String, memory: InMemoryNonces, deniesWithoutRedis: Bool) {
        self.link = link
        self.namespace = namespace
        self.memory = memory
        self.deniesWithoutRedis = deniesWithoutRedis
    }

    package func use(_ nonce: Digest, forSeconds seconds: Int, completion: @escaping (NonceUse) -> Void) {
        let local = memory.use(nonce, forSeconds: seconds)
        guard case .first = local else { return completion(local) }
        let key = "\(namespace):nonce:{\(nonce.hexadecimal)}"
        let slot = link.isClustered ? Array(key.utf8).withUnsafeBytes { RedisSlot(of: $0) } : nil
        link.send(slot: slot) { writer in
            writer.begin(words: 6)
            writer.append("SET")
            writer.append(key)
            writer.append("1")
            writer.append("NX")
            writer.append("PX")
            writer.append("\(seconds * 1000)")
        } completion: { [deniesWithoutRedis] result in
            switch result {
            case .success(let reply): completion(reply.kind == .null ? .repeated : .first)
            case .failure: completion(deniesWithoutRedis ? .unknown : .first)
            }
        }
    }
}
