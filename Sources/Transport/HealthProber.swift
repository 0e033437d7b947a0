import GatewayCore
import NIOCore
import Policies

/// Checks the targets of an upstream, each in its own time, and tells their standing to all workers. Of one worker.
package final class HealthProber {
    private let health: TargetHealth
    private let worker: Worker
    private var probes: [Probe] = []
    private var tasks: [RepeatedTask] = []

    fileprivate struct Probe {
        let upstream: Upstream
        let head: [UInt8]
        let body: [UInt8]
    }

    package init(_ settings: UpstreamSettings, _ check: HealthCheck, _ health: TargetHealth, worker: Worker) {
        self.health = health
        self.worker = worker
        for (index, target) in settings.targets.enumerated() {
            var own = settings
            own.targets = [target]
            own.retries = nil
            own.health = nil
            own.connectTimeoutMicroseconds = min(settings.connectTimeoutMicroseconds, check.timeoutMicroseconds)
            own.responseTimeoutMicroseconds = check.timeoutMicroseconds
            own.totalTimeoutMicroseconds = check.timeoutMicroseconds
            let upstream = Upstream(settings: own, metricsIndex: 0, worker: worker)
            probes.append(Probe(upstream, check.kind, host: target.authority))
            schedule(index, check)
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
        let (probe, check) = (probes[index], health.check)
        OwnRequest.send(probe.head, body: probe.body, to: probe.upstream, mostBytes: 64 * 1024, on: worker) {
            [health] result in
            health.note(index, isGood: (try? result.get()).map { check.kind.accepts($0) } ?? false)
        }
    }
}

extension HealthProber.Probe {
    fileprivate init(_ upstream: Upstream, _ kind: HealthCheck.Kind, host: String) {
        self.upstream = upstream
        switch kind {
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
        }
    }
}

extension UpstreamSettings.Target {
    fileprivate var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
