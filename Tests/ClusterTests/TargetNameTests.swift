import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("Targets by name")
    struct TargetNameTests {
        private func node(_ targets: String, _ names: TestNameServer, more: String = "") async throws -> Node {
            try await Node(
                """
                access_log: { path: off }
                dns: { servers: ["127.0.0.1:\(names.port)"], timeout: 200ms, minimum_ttl: 100ms }
                upstreams:
                  app: { targets: [\(targets)], connect_timeout: 500ms\(more) }
                routes: [{ match: { path: "/**" }, upstream: app }]

                """)
        }

        @Test("each service of an SRV record is a target, by its weight, and other records are taken over as they come")
        func services() async throws {
            let (first, second, third) = (
                try TestOrigin { _ in .response("first") }, try TestOrigin { _ in .response("second") },
                try TestOrigin { _ in .response("third") }
            )
            let names = try TestNameServer()
            names.set("host.test", [.address("127.0.0.1")])
            names.set(
                "_http._tcp.app.test",
                [
                    .service(port: first.port, host: "host.test", weight: 3),
                    .service(port: second.port, host: "host.test", weight: 1),
                    .service(port: third.port, host: "host.test", priority: 9),
                ])
            let node = try await node(#"{ url: "http://_http._tcp.app.test", resolve: srv }"#, names)
            var served: [String: Int] = [:]
            for _ in 0..<40 { served[try request("/", port: node.port).text, default: 0] += 1 }
            #expect(served["first"] ?? 0 >= 25 && served["second"] ?? 0 >= 5, "\(served)")
            #expect(served["third"] == nil, "it is for when the others are gone from the records")
            names.set("_http._tcp.app.test", [.service(port: third.port, host: "host.test")])
            try await eventually("the third serves") { try request("/", port: node.port).text == "third" }
            try await eventually("it serves alone") {
                try (0..<10).allSatisfy { _ in try request("/", port: node.port).text == "third" }
            }
            #expect(node.errors.contains("targets found by name"))
        }

        @Test("a request under way at a target that leaves comes to its end")
        func underWay() async throws {
            let slow = try TestOrigin { _ in [TestOrigin.Step.pause(.seconds(2))] + [TestOrigin.Step].response("slow") }
            let quick = try TestOrigin { _ in .response("quick") }
            let names = try TestNameServer()
            names.set("host.test", [.address("127.0.0.1")])
            names.set("_http._tcp.app.test", [.service(port: slow.port, host: "host.test")])
            let node = try await node(#"{ url: "http://_http._tcp.app.test", resolve: srv }"#, names)
            let client = try RawConnection(port: node.port)
            try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
            try await eventually("it is under way") { slow.requests.count == 1 }
            names.set("_http._tcp.app.test", [.service(port: quick.port, host: "host.test")])
            try await eventually("others are served elsewhere", within: .milliseconds(1_800)) {
                node.errors.contains("127.0.0.1:\(quick.port)")
            }
            #expect(try client.readResponse().text == "slow")
            #expect(try request("/", port: node.port).text == "quick")
        }

        @Test("the time to live is kept, and what was known stays while no server answers or none knows the name")
        func lastGood() async throws {
            let origin = try TestOrigin { _ in .response("here") }
            let names = try TestNameServer()
            names.set("app.test", [.address("127.0.0.1")])
            let node = try await node(#""http://app.test:\#(origin.port)""#, names)
            #expect(try request("/", port: node.port).text == "here")
            let before = names.questions
            try await eventually("it is asked again") { names.questions > before }
            names.become(.fails)
            let failing = names.questions
            try await eventually("it was asked in vain", within: .seconds(20)) { names.questions >= failing + 2 }
            #expect(try request("/", port: node.port).text == "here")
            names.become(.answers)
            names.set("app.test", [])
            let asked = names.questions
            try await eventually("nothing was found", within: .seconds(60)) { names.questions >= asked + 2 }
            #expect(try request("/", port: node.port).text == "here")
            #expect(node.errors.contains("name not found"))
            names.set("app.test", [.address("127.0.0.2")])
            try await eventually("the new address is taken", within: .seconds(60)) {
                try request("/", port: node.port).status == 502
            }
        }

        @Test("several addresses of a name are several targets, and health is checked for each")
        func addresses() async throws {
            let origin = try TestOrigin { _ in .response("here") }
            let names = try TestNameServer()
            names.set("app.test", [.address("127.0.0.1"), .address("127.0.0.3")])
            let node = try await node(
                #""http://app.test:\#(origin.port)""#, names,
                more: ", outlier: off, health: { tcp: true, interval: 100ms, unhealthy_after: 1 }")
            try await eventually("the one that nobody serves is out") {
                try node.metric("sluice_upstream_unhealthy_targets") == 1
            }
            for _ in 0..<6 { #expect(try request("/", port: node.port).text == "here") }
            #expect(node.errors.contains("127.0.0.3:\(origin.port)"))
        }
    }
}
