import Configuration
import Encryption
import Filters
import GatewayCore
import Policies
import Telemetry
import Transport

// What the configuration says, in the words of filters and transports.

extension TimingFields {
    init(_ settings: TimingSettings) {
        self = []
        if settings.hasResponseTime { insert(.responseTime) }
        if settings.hasServerTiming { insert(.serverTiming) }
    }
}

extension UpgradeFilter {
    convenience init(_ settings: RouteUpgrade) {
        var protocols: [String]?
        if case .only(let names) = settings.protocols { protocols = names }
        self.init(
            protocols: protocols, idleMicroseconds: settings.idleTimeoutMicroseconds,
            lifetimeMicroseconds: settings.lifetimeMicroseconds)
    }
}

extension Transport.UpstreamSettings {
    /// Bounds per node are divided among the workers, rounded up.
    init(
        _ settings: Configuration.UpstreamSettings, name: String, tls: ClientTLS?, http2TLS: ClientTLS?,
        zone: String?, workers: Int
    ) {
        self.init(
            name: name,
            targets: settings.transportTargets(zone: zone))
        self.tls = tls
        self.http2TLS = http2TLS
        maximumStreams = settings.maxStreams
        retries = settings.retries
        health = settings.health
        slowStartMicroseconds = settings.slowStartMicroseconds
        hedge = settings.hedge
        adaptive = settings.adaptive.map { $0.share(of: workers) }
        deadlineHeader = settings.deadlineHeader.map { Array($0.lowercased().utf8) }
        totalTimeoutMicroseconds = settings.totalTimeoutMicroseconds
        balance = settings.balance
        connectTimeoutMicroseconds = settings.connectTimeoutMicroseconds
        responseTimeoutMicroseconds = settings.timeoutMicroseconds
        idleTimeoutMicroseconds = settings.idleTimeoutMicroseconds
        keepAliveMicroseconds = settings.keepaliveMicroseconds
        maximumConnections = (settings.maxConnections + workers - 1) / workers
        maximumPending = (settings.maxPending + workers - 1) / workers
    }
}

extension ConcurrencyLimit.Settings {
    func share(of workers: Int) -> ConcurrencyLimit.Settings {
        var share = self
        share.minimum = (minimum + workers - 1) / workers
        share.maximum = (maximum + workers - 1) / workers
        return share
    }
}
