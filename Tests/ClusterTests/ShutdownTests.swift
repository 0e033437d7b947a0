import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("Stopping with SIGTERM")
    struct ShutdownTests {
        private let upstream: DemoUpstream
        private let node: Node

        init() async throws {
            upstream = try await DemoUpstream()
            node = try await Node(
                """
                access_log: { path: off }
                drain: 3s
                upstreams: { app: { targets: ["\(upstream.url)"] } }
                routes: [{ name: all, upstream: app }]
                """)
        }

        @Test("the request in flight ends well, idle connections close, and the exit status is 0")
        func drains() async throws {
            let idle = try RawConnection(port: node.port)
            #expect(try idle.exchange("/x").status == 200)
            let slow = try RawConnection(port: node.port)
            try slow.sendRequest(["GET /delay/1000 HTTP/1.1", "Host: a"])
            try await eventually("the slow request is in flight") { try node.metric("sluice_requests_in_flight") == 1 }

            node.signal(SIGTERM)
            try await eventually("it is no longer ready") {
                let status = try? request("/readyz", port: node.adminPort).status
                return status == nil || status == 503
            }
            try await eventually("no connection is accepted") { (try? RawConnection(port: node.port)) == nil }
            #expect(node.isRunning)
            #expect(try idle.isAtEnd())
            let response = try slow.readResponse()
            #expect(response.status == 200)
            #expect(response["Connection"]?.lowercased() == "close")
            #expect(try await node.waitForExit(within: .seconds(5)) == .exited(0))
        }

        @Test("what is not done within the drain time is cut off, and the exit status is still 0")
        func cutsOff() async throws {
            let endless = try RawConnection(port: node.port)
            try endless.sendRequest(["GET /delay/60000 HTTP/1.1", "Host: a"])
            try await eventually("the request is in flight") { try node.metric("sluice_requests_in_flight") == 1 }
            let started = ContinuousClock.now
            node.signal(SIGTERM)
            #expect(try await node.waitForExit(within: .seconds(10)) == .exited(0))
            #expect((.seconds(2)...(.seconds(6))).contains(ContinuousClock.now - started))
        }

        @Test("a node without work ends at once")
        func idle() async throws {
            let started = ContinuousClock.now
            node.signal(SIGINT)
            #expect(try await node.waitForExit() == .exited(0))
            #expect(ContinuousClock.now - started < .seconds(2))
        }
    }
}
