import GatewayCore
import NIOCore
import NIOPosix
import Policies

/// Checks the targets of an upstream, each in its own time, and tells their standing to all workers. Of one worker.
package final class HealthProber {
    private let health: TargetHealth
    private let worker: Worker
    private var probes: [Probe] = []
    private var tasks: [RepeatedTask] = []

    fileprivate struct Probe {
        let target: UpstreamSettings.Target
        let upstream: Upstream
        let head: [UInt8]
        let body: [UInt8]
    }

    package init(
        _ settings: UpstreamSettings, _ targets: [UpstreamSettings.Target], _ health: TargetHealth, worker: Worker
    ) {
        self.health = health
        self.worker = worker
        for (index, target) in targets.enumerated() {
            let upstream = Upstream(
                settings: settings.forChecking(target, health.check), metricsIndex: 0, worker: worker)
            probes.append(Probe(target, upstream, health.check.kind))
            schedule(index, health.check)
        }
    }

    /// Its connections close; a check under way is still noted.
    package func stop() {
        for task in tasks { task.cancel() }
        for probe in probes { probe.upstream.close() }
    }

    private func schedule(_ index: Int, _ check: HealthCheck) {
        let interval = TimeAmount.microseconds(Int64(check.intervalMicroseconds))
        // Nodes that start together shall not ask together.
        let first = TimeAmount.microseconds(.random(in: 0...Int64(min(check.intervalMicroseconds, 1_000_000))))
        let bound = NIOLoopBound(self, eventLoop: worker.loop)
        tasks.append(
            worker.loop.scheduleRepeatedTask(initialDelay: first, delay: interval) { _ in bound.value.probe(index) })
    }

    private func probe(_ index: Int) {
        guard health.isDue(index) else { return }
        health.asked()
        let (probe, check) = (probes[index], health.check)
        if check.kind == .tcp { return connect(probe.target, index) }
        OwnRequest.send(probe.head, body: probe.body, to: probe.upstream, mostBytes: 64 * 1024, on: worker) {
            [health] result in
            health.note(index, isGood: (try? result.get()).map { check.kind.accepts($0) } ?? false)
        }
    }

    private func connect(_ target: UpstreamSettings.Target, _ index: Int) {
        ClientBootstrap(group: worker.loop)
            .connectTimeout(.microseconds(Int64(health.check.timeoutMicroseconds)))
            .connect(host: target.connectHost, port: target.port)
            .whenComplete { [health] result in
                if case .success(let channel) = result { channel.close(promise: nil) }
                health.note(index, isGood: (try? result.get()) != nil)
            }
    }
}

extension UpstreamSettings {
    /// For one target alone, and within the time of a check.
    fileprivate func forChecking(_ target: Target, _ check: HealthCheck) -> UpstreamSettings {
        var own = self
        own.targets = [target]
        own.retries = nil
        own.health = nil
        own.hedge = nil
        own.adaptive = nil
        own.deadlineHeader = nil
        own.connectTimeoutMicroseconds = min(connectTimeoutMicroseconds, check.timeoutMicroseconds)
        own.responseTimeoutMicroseconds = check.timeoutMicroseconds
        own.totalTimeoutMicroseconds = check.timeoutMicroseconds
        return own
    }
}

extension HealthProber.Probe {
    fileprivate init(_ target: UpstreamSettings.Target, _ upstream: Upstream, _ kind: HealthCheck.Kind) {
        self.target = target
        self.upstream = upstream
        let host = target.authority
        switch kind {
        case .tcp: (head, body) = ([], [])
        case .http(let path):
            head = Array("GET \(path) HTTP/1.1\r\nHost: \(host)\r\nUser-Agent: sluice-health\r\n\r\n".utf8)
            body = []
        case .grpc(let service):
            body = Self.frame(ofService: service)
            let fields = "Content-Type: application/grpc\r\nTE: trailers\r\nUser-Agent: sluice-health\r\n"
            let line = "POST /grpc.health.v1.Health/Check HTTP/1.1\r\nHost: \(host)\r\n"
            head = Array("\(line)\(fields)Content-Length: \(body.count)\r\n\r\n".utf8)
        }
    }

    /// A HealthCheckRequest in its frame: field 1 is the service's name.
    private static func frame(ofService service: String) -> [UInt8] {
        let name = Array(service.utf8.prefix(100))
        let message = name.isEmpty ? [] : [0x0A, UInt8(name.count)] + name
        return [0, 0, 0, 0, UInt8(message.count)] + message
    }
}

extension HealthCheck.Kind {
    fileprivate func accepts(_ answer: OwnRequest.Answer) -> Bool {
        switch self {
        case .http: (200..<400).contains(answer.status)
        // A frame with a HealthCheckResponse whose field 1 is SERVING.
        case .grpc: answer.status == 200 && answer.body == [0, 0, 0, 0, 2, 0x08, 0x01]
        case .tcp: false
        }
    }
}

extension UpstreamSettings.Target {
    /// As `Host`.
    fileprivate var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
