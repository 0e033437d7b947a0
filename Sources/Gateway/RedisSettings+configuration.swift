import Configuration
import Encryption
import NIOCore
import RedisClient

extension RedisSettings {
    /// How `state` says that Redis is reached; nil: it names none.
    /// - Throws: `SnapshotFailure` when its certificates can't be used.
    package init?(_ state: StateSettings, clientName: String) throws(SnapshotFailure) {
        guard let redis = state.redis, let first = redis.hosts.first else { return nil }
        self.init(host: first.host, port: first.port)
        topology = RedisTopology(redis)
        username = redis.user
        password = redis.password.map(Self.text)
        database = redis.database
        self.clientName = clientName
        timeout = .microseconds(Int64(state.timeoutMicroseconds))
        if redis.isEncrypted { tls = try ClientTLS(state.tls, at: "state.tls") }
    }

    fileprivate static func text(_ secret: Secret) -> String { String(decoding: secret.bytes, as: UTF8.self) }
}

extension RedisTopology {
    fileprivate init(_ redis: RedisEndpoint) {
        let addresses = redis.hosts.map { RedisAddress(host: $0.host, port: $0.port) }
        self =
            switch redis.topology {
            case .single: .single
            case .cluster: .cluster(seeds: addresses)
            case .sentinel(let master):
                .sentinel(
                    Sentinels(
                        addresses: addresses, master: master, username: redis.sentinelUser,
                        password: redis.sentinelPassword.map(RedisSettings.text)))
            }
    }
}

extension ClientTLS {
    /// - Parameter place: the settings' key, for the message.
    init(_ settings: ClientTLSSettings, at place: String, protocols: [String] = []) throws(SnapshotFailure) {
        let files = Files(roots: settings.ca, certificates: settings.certificate, key: settings.key?.bytes)
        let verification: Verification =
            switch settings.verification {
            case .full: .full
            case .chain: .chain
            case .none: .none
            }
        do throws(UnusableTLS) {
            self = try ClientTLS(
                files, serverName: settings.serverName, verification: verification, protocols: protocols)
        } catch {
            throw SnapshotFailure(place: place, reason: error.description)
        }
    }
}
