import Foundation
import TestSupport
import Testing

extension Cluster {
    /// What `deploy/` has for Kubernetes, Prometheus and Grafana, against what nodes really are.
    @Suite("Files for clusters and observers")
    struct DeployTests {
        private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()

        private static func path(_ name: String) -> String { root.appending(path: name).path }

        private static func text(_ name: String) throws -> String {
            try String(contentsOfFile: path(name), encoding: .utf8)
        }

        @Test("the alerts are rules of Prometheus, and fire when their tests say so")
        func alerts() async throws {
            let rules = try await ChildProcess.run(
                "/usr/bin/promtool", ["test", "rules", Self.path("deploy/prometheus/alerts.test.yaml")])
            #expect(rules.exit == .exited(0), "\(rules.standardOutput)\(rules.standardError)")
            let scrape = try await ChildProcess.run(
                "/usr/bin/promtool", ["check", "config", Self.path("deploy/prometheus/prometheus.yaml")])
            #expect(scrape.exit == .exited(0), "\(scrape.standardOutput)\(scrape.standardError)")
        }

        @Test("rules and dashboard only ask for metrics that a node has")
        func metrics() async throws {
            let node = try await Node("upstreams: { o: { targets: [http://127.0.0.1:9] } }\nroutes: [{ upstream: o }]")
            let page = try node.metrics()
            // Parts of a histogram, and what the adapter makes of one.
            let derived = /_(bucket|sum|count)$/
            for file in ["prometheus/alerts.yaml", "prometheus/adapter.yaml", "grafana/sluice.json"] {
                let names = try Self.text("deploy/" + file).matches(of: /\b(sluice|process)_[a-z0-9_]+/)
                    .map { String($0.output.0).replacing(derived, with: "") }
                #expect(!names.isEmpty)
                for name in Set(names) where name != "sluice_event_loop_lag_p99_seconds" {
                    #expect(page.contains("# HELP \(name) "), "\(file) asks for \(name)")
                }
            }
        }

        @Test("every alert has its part of the runbook")
        func runbook() throws {
            let runbook = try Self.text("Sources/Gateway/Gateway.docc/Runbook.md")
            let alerts = try Self.text("deploy/prometheus/alerts.yaml").matches(of: /alert: (\w+)/)
                .map { String($0.output.1) }
            #expect(alerts.count > 10)
            for alert in alerts { #expect(runbook.contains("## \(alert)\n"), "\(alert)") }
        }

        @Test("the configuration of the pods is valid")
        func pods() async throws {
            let environment = [
                "POD_NAME": "sluice-7f9c", "SLUICE_ADMIN_TOKEN": "a-token-of-the-secret",
                "SLUICE_REDIS": "redis://redis.redis.svc",
            ]
            let checked = try await sluice(
                "check", Self.path("deploy/kubernetes/sluice.yaml"), environment: environment)
            #expect(checked.exit == .exited(0), "\(checked.standardOutput)\(checked.standardError)")
        }
    }
}
