import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("The dashboard, in a real browser")
    struct DashboardTests {
        /// The page as a browser has it after a few seconds.
        private func browse(_ node: Node, _ view: String, theme: String = "light", screenshot: String? = nil)
            async throws
            -> String
        {
            let profile = try TemporaryDirectory("chromium")
            var arguments = [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                "--user-data-dir=\(profile.file("profile"))", "--window-size=1400,1250", "--virtual-time-budget=6000",
            ]
            arguments.append(screenshot.map { "--screenshot=\($0)" } ?? "--dump-dom")
            arguments.append("http://127.0.0.1:\(node.adminPort)/?theme=\(theme)#\(view)")
            let finished = try await ChildProcess.run("chromium", arguments, within: .seconds(60))
            #expect(finished.exit == .exited(0), "\(finished.standardError.suffix(1000))")
            return finished.standardOutput
        }

        /// What the element of an id says.
        private func text(_ id: String, in page: String) -> String? {
            guard let mark = page.firstRange(of: "id=\"\(id)\""), let end = page[mark.upperBound...].firstIndex(of: ">")
            else { return nil }
            return String(page[page.index(after: end)...].prefix { $0 != "<" })
        }

        private func busyCluster() async throws -> (SharedCluster, [Load]) {
            let cluster = try await SharedCluster()
            let loads = cluster.nodes.flatMap {
                [
                    Load(port: $0.port, "/api/users/7", [SharedCluster.acmeKey], clients: 1, pause: .milliseconds(10)),
                    Load(port: $0.port, "/plain/x", clients: 1, pause: .milliseconds(10)),
                ]
            }
            try await eventually("all nodes have told figures", within: .seconds(30)) {
                let page = try cluster.nodes[0].api("/api/overview").json
                let series = page["series"] as? [[String: Any]] ?? []
                return series.filter { $0["nodes"] as? Int == 3 && $0["requests"] as? Double ?? 0 > 5 }.count >= 2
            }
            return (cluster, loads)
        }

        @Test("the overview shows what all nodes do, light and dark, and each view what it is about")
        func views() async throws {
            let (cluster, loads) = try await busyCluster()
            let overview = try await browse(cluster.nodes[0], "overview")
            let rate = try #require(text("stat-requests", in: overview).flatMap { Double($0.replacing(",", with: "")) })
            #expect(rate > 5, "requests a second of the whole cluster")
            #expect(text("stat-p99", in: overview)?.hasSuffix("s") == true)
            #expect(text("stat-errors", in: overview)?.hasSuffix("%") == true)
            #expect(overview.contains("3 nodes · Redis up"))
            for name in ["node1", "node2", "node3", "plain", "users.consumer"] {
                #expect(overview.contains(name), "the overview knows of \(name)")
            }
            #expect(
                overview.contains(#"aria-label="Throughput: requests"#),
                "a chart says its figures to those who can't see")
            for (view, word) in [
                ("routes", "/plain/**"), ("limits", "100/minute"), ("breakers", "Force open"), ("cache", "Hit rate"),
                ("nodes", "127.0.0.1:\(cluster.nodes[2].port)"), ("nodes", "sluice config push begins"),
                ("nodes", "This node's configuration"), ("requests", "/plain/x"),
            ] {
                let page = try await browse(cluster.nodes[1], view)
                #expect(page.contains(word), "\(view) shows \(word)")
                #expect(page.firstMatch(of: /id="notice"[^>]*hidden/) != nil, "\(view) has nothing to complain of")
            }
            let directory = try TemporaryDirectory("screenshots")
            let kept = ProcessInfo.processInfo.environment["SLUICE_SCREENSHOTS"]
            for theme in ["light", "dark"] {
                let file = (kept ?? directory.file("")) + "/overview-\(theme).png"
                _ = try await browse(cluster.nodes[0], "overview", theme: theme, screenshot: file)
                let image = try #require(FileManager.default.contents(atPath: file))
                #expect(image.count > 30_000, "a page with charts is no small picture")
            }
            for load in loads { _ = try await load.stop() }
        }

        @Test("the page reaches nothing but its node, and only its own script runs")
        func policy() async throws {
            let node = try await Node(
                SharedCluster.configuration.replacing(/state:.*\n/, with: ""),
                environment: ["TEST_UPSTREAM": "http://127.0.0.1:9"])
            let page = try node.api("/", host: "any.example")
            #expect(page.status == 200)
            let policy = try #require(page["Content-Security-Policy"])
            for part in ["default-src 'none'", "script-src 'sha256-", "connect-src 'self'", "frame-ancestors 'none'"] {
                #expect(policy.contains(part))
            }
            #expect(!policy.contains("unsafe"))
            #expect(page["X-Content-Type-Options"] == "nosniff")
            #expect(page.text.firstMatch(of: /(src|href)="?(https?:)?\/\//) == nil, "nothing comes from elsewhere")
            #expect(!page.text.contains("innerHTML"), "no markup is made of what others say")
            let shown = try await browse(node, "overview")
            #expect(shown.contains("1 node"), "the script ran under this policy, also without Redis")
        }

        @Test("without the token, the page opens and asks for it")
        func token() async throws {
            let node = try await Node(
                SharedCluster.configuration.replacing(/state:.*\n/, with: ""), adminToken: "a-long-admin-token",
                environment: ["TEST_UPSTREAM": "http://127.0.0.1:9"])
            let page = try await browse(node, "overview")
            #expect(page.firstMatch(of: /<dialog id="ask-token"[^>]*open/) != nil)
            #expect(!page.contains(#"id="stat-requests""#))
        }
    }

    @Suite("The overview of the admin API")
    struct OverviewTests {
        @Test("it adds up all nodes, goes on where the last answer ended, and falls back on this node without Redis")
        func overview() async throws {
            let cluster = try await SharedCluster()
            let loads = cluster.nodes.map { Load(port: $0.port, "/plain/x", clients: 1, pause: .milliseconds(5)) }
            var page: [String: Any] = [:]
            var series: [[String: Any]] = []
            try await eventually("three nodes add up", within: .seconds(30)) {
                page = try cluster.nodes[1].api("/api/overview").json
                series = page["series"] as? [[String: Any]] ?? []
                return series.filter { $0["nodes"] as? Int == 3 && $0["requests"] as? Double ?? 0 > 10 }.count >= 2
            }
            let last = try #require(series.last)
            #expect(last["p99"] as? Double ?? 0 > 0)
            #expect(last["memory"] as? Int ?? 0 > 10 << 20)
            let after = try #require(last["t"] as? Int)
            let next = try cluster.nodes[2].api("/api/overview?after=\(after)").json["series"] as? [[String: Any]]
            #expect(try #require(next).allSatisfy { ($0["t"] as? Int ?? 0) > after })
            let routes = try #require(page["routes"] as? [[String: Any]])
            #expect(routes.first?["name"] as? String == "plain")
            let nodes = try #require(page["nodes"] as? [[String: Any]])
            #expect(nodes.compactMap { $0["id"] as? String } == ["node1", "node2", "node3"])
            #expect(nodes.allSatisfy { $0["requests"] as? Double ?? 0 > 1 })
            let life = Int(try await cluster.redis.cli("PTTL", "sluice:figures:node1")) ?? -1
            #expect((1...300_000).contains(life), "every key expires")
            try await cluster.redis.stop()
            try await eventually("this node alone is shown", within: .seconds(20)) {
                let alone = try cluster.nodes[1].api("/api/overview").json
                let ids = (alone["nodes"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
                return alone["redis"] as? String == "down" && ids == ["node2"]
            }
            for load in loads { _ = try await load.stop() }
        }

        @Test("requests are noted while somebody watches, and then with the gateway's decisions, never with the query")
        func tail() async throws {
            let cluster = try await SharedCluster()
            let node = cluster.nodes[0]
            _ = try request("/plain/before", port: node.port)
            #expect((try node.api("/api/requests").json["requests"] as? [Any])?.isEmpty == true)
            _ = try request("/api/users/7?token=secret", [SharedCluster.acmeKey], port: node.port)
            _ = try request("/nowhere", port: node.port)
            try await eventually("both workers have noted theirs") {
                (try node.api("/api/requests").json["requests"] as? [Any])?.count == 2
            }
            let page = try node.api("/api/requests")
            let seen = try #require(page.json["requests"] as? [[String: Any]])
            try #require(seen.count == 2)
            #expect(seen.compactMap { $0["path"] as? String } == ["/api/users/7", "/nowhere"])
            #expect(seen[0]["consumer"] as? String == "acme" && seen[0]["limit"] as? String == "admitted")
            #expect((seen[0]["decisions"] as? [String])?.contains { $0.hasPrefix("RateLimit") } == true)
            #expect(!page.text.contains("secret"))
            #expect(seen[1]["status"] as? Int == 404)
            let next = try #require(page.json["next"] as? Int)
            #expect((try node.api("/api/requests?after=\(next)").json["requests"] as? [Any])?.isEmpty == true)
        }

        @Test("Prometheus scrapes three nodes, and finds nothing to complain of in what they expose")
        func prometheus() async throws {
            let cluster = try await SharedCluster()
            for node in cluster.nodes { for _ in 0..<5 { _ = try request("/plain/x", port: node.port) } }
            let checked = try await ChildProcess.run(
                "promtool", ["check", "metrics"], input: try cluster.nodes[0].metrics())
            #expect(checked.exit == .exited(0), "\(checked.standardError)")
            let files = try TemporaryDirectory("prometheus")
            let targets = cluster.nodes.map { "\"127.0.0.1:\($0.adminPort)\"" }.joined(separator: ",")
            let configuration = try files.write(
                "prometheus.yml",
                """
                global: { scrape_interval: 1s }
                scrape_configs: [{ job_name: sluice, static_configs: [{ targets: [\(targets)] }] }]
                """)
            let port = try freePort()
            let prometheus = try ChildProcess(
                "prometheus",
                [
                    "--config.file=\(configuration)", "--storage.tsdb.path=\(files.file("data"))",
                    "--web.listen-address=127.0.0.1:\(port)",
                ])
            try await eventually("all three are scraped", within: .seconds(40)) {
                guard prometheus.isRunning else { throw TestFailure(prometheus.standardError) }
                let query = "/api/v1/query?query=sum(sluice_requests_total%7Broute%3D%22plain%22%7D)"
                guard let answer = try? request(query, port: port) else { return false }
                return answer.text.contains("\"15\"")
            }
            try await prometheus.terminate()
        }
    }
}
