import Foundation
import Synchronization
import TestSupport
import Testing

extension Cluster {
    @Suite("Retries")
    struct RetryTests {
        /// Fails as often as a test says, and then answers 200.
        private final class Flaky: Sendable {
            let origin: TestOrigin

            init(failures: Int, _ failure: TestOrigin.Step...) throws {
                let left = Mutex(failures)
                origin = try TestOrigin { _ in
                    let fails = left.withLock { left in
                        left -= 1
                        return left >= 0
                    }
                    return fails ? failure : [.text("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")]
                }
            }
        }

        private static let unavailable = TestOrigin.Step.text(
            "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")

        private func node(_ targets: [String], _ retries: String, timeout: String = "5s") async throws -> Node {
            let list = targets.map { "\"\($0)\"" }.joined(separator: ", ")
            return try await Node(
                """
                access_log: { path: off }
                upstreams:
                  app: { targets: [\(list)], balance: round_robin, breaker: off, outlier: off, timeout: \(timeout), retries: \(retries) }
                routes: [{ match: { path: "/**" }, upstream: app }]

                """)
        }

        private func send(_ method: String, _ body: String, to node: Node) throws -> RawMessage {
            let connection = try RawConnection(port: node.port)
            try connection.sendRequest([
                "\(method) /x HTTP/1.1", "Host: a", "Content-Length: \(body.utf8.count)", "Connection: close",
            ])
            try connection.send(Array(body.utf8))
            return try connection.readResponse(to: method)
        }

        @Test("a request that may be sent again is, until it is answered or has been tried often enough")
        func status() async throws {
            let flaky = try Flaky(failures: 2, Self.unavailable)
            let node = try await node([flaky.origin.url], "{ attempts: 2, on: [503] }")
            #expect(try request("/", port: node.port).status == 200)
            #expect(try node.metric("sluice_upstream_retries_total") == 2)
            let worse = try Flaky(failures: 3, Self.unavailable)
            let other = try await self.node([worse.origin.url], "{ attempts: 2, on: [503] }")
            #expect(try request("/", port: other.port).status == 503, "the upstream's own answer")
            #expect(worse.origin.requests.count == 3)
        }

        @Test("a POST is not sent again after an answer, unless that is said")
        func unsafe() async throws {
            let flaky = try Flaky(failures: 1, Self.unavailable)
            let node = try await node([flaky.origin.url], "{ on: [503] }")
            #expect(try send("POST", "a", to: node).status == 503)
            let again = try Flaky(failures: 1, Self.unavailable)
            let other = try await self.node([again.origin.url], "{ on: [503], unsafe: true }")
            #expect(try send("POST", "a", to: other).status == 200)
        }

        @Test("the body goes along whole, and one too long to be kept is not sent again")
        func bodies() async throws {
            let flaky = try Flaky(failures: 1, Self.unavailable)
            let node = try await node([flaky.origin.url], "{ on: [503], body: 100KiB }")
            let body = String(repeating: "0123456789", count: 5000)
            #expect(try send("PUT", body, to: node).status == 200)
            #expect(flaky.origin.requests.map { String(decoding: $0.message.body, as: UTF8.self) } == [body, body])
            let other = try Flaky(failures: 1, Self.unavailable)
            let small = try await self.node([other.origin.url], "{ on: [503], body: 1KiB }")
            #expect(try send("PUT", body, to: small).status == 503)
        }

        @Test("a lost connection or a timeout is made good by another target")
        func failures() async throws {
            for (step, cause) in [(TestOrigin.Step.close, "reset"), (.hang, "timeout")] {
                let bad = try Flaky(failures: 1000, step)
                let good = try Flaky(failures: 0)
                let node = try await node([bad.origin.url, good.origin.url], "{ on: [\(cause)] }", timeout: "300ms")
                for _ in 0..<4 { #expect(try request("/", port: node.port).status == 200, "\(cause)") }
                #expect(!bad.origin.requests.isEmpty)
            }
        }

        @Test("an upstream that fails gets no more retries than the budget has")
        func budget() async throws {
            let bad = try Flaky(failures: 1_000_000, Self.unavailable)
            let node = try await node([bad.origin.url], "{ attempts: 5, on: [503], budget: 10%, backoff: 0s }")
            let started = ContinuousClock.now
            let connection = try RawConnection(port: node.port)
            for _ in 0..<200 { #expect(try connection.exchange("/").status == 503) }
            let seconds = Int((ContinuousClock.now - started) / .seconds(1)) + 1
            // Two workers, each with a reserve of ten and one more a second.
            #expect(bad.origin.requests.count <= 200 + 20 + 2 * (10 + seconds))
            #expect(bad.origin.requests.count >= 210)
        }

        @Test("the breaker counts each attempt, and ends the retries when it opens")
        func breaker() async throws {
            let bad = try Flaky(failures: 1_000_000, Self.unavailable)
            let node = try await Node(
                """
                access_log: { path: off }
                upstreams:
                  app: { targets: ["\(bad.origin.url)"], breaker: { failures: 3 }, retries: { attempts: 9, on: [503] } }
                routes: [{ match: { path: "/**" }, upstream: app }]

                """)
            #expect(try request("/", port: node.port).status == 503)
            #expect(bad.origin.requests.count == 3)
        }
    }
}
