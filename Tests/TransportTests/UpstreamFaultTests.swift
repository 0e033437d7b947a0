import Foundation
import GatewayCore
import Policies
import TestSupport
import Testing

@testable import Transport

extension TransportSuites {
    /// Upstreams that misbehave: the client gets a clear status or sees a cut, never a wrong answer or none.
    @Suite("upstream faults")
    struct UpstreamFaultTests {
        private func answer(_ client: RawConnection, _ method: String = "GET") throws -> RawMessage {
            try client.sendRequest(
                ["\(method) / HTTP/1.1", "Host: a"] + (method == "POST" ? ["Content-Length: 2"] : []),
                body: method == "POST" ? "xy" : "")
            return try client.readResponse(to: method)
        }

        /// The same, on a connection of its own.
        private func answer(_ gateway: TestGateway, _ method: String = "GET") throws -> RawMessage {
            let client = try gateway.client()
            return try answer(client, method)
        }

        @Test(
            "an upstream that answers with anything but a response is a 502",
            arguments: [
                "garbage\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
                "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "\0",
                "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\ngarbage\r\n\r\n",
            ])
        func garbage(_ text: String) async throws {
            let origin = try TestOrigin { _ in [.text(text.contains("\r\n") ? text : text + "\r\n"), .hang] }
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                for method in ["GET", "POST"] {
                    if text.hasPrefix("HTTP/1.1 100") {
                        try client.sendRequest(["GET / HTTP/1.1", "Host: a"]);
                        #expect(try client.readHead().status == 100)
                    }
                    let response =
                        text.hasPrefix("HTTP/1.1 100") ? try client.readResponse() : try answer(client, method)
                    #expect(response.status == 502 && response["Connection"] == nil)
                    #expect(response.text.contains("\"request_id\":\"r"))
                }
                try await eventually("the bad connections are closed") { origin.openConnections == 0 }
                #expect(try await gateway.records().allSatisfy { $0.failure == .malformedResponse && $0.isOwnReply })
                #expect(try await gateway.onLoop { $0.gate.outcomes } == [.failure, .failure])
            }
        }

        @Test("a response head larger than the bound is a 502")
        func hugeHead() async throws {
            let line = "X: " + String(repeating: "x", count: 1000) + "\r\n"
            let origin = try TestOrigin { _ in
                [.text("HTTP/1.1 200 OK\r\n" + String(repeating: line, count: 100)), .hang]
            }
            try await withGateway(to: origin) { gateway in
                let response = try answer(gateway)
                #expect(response.status == 502)
            }
        }

        @Test(
            "an upstream that closes or resets instead of answering is a 502",
            arguments: ["", "HTTP/1.1 200", "HTTP/1.1 100 Continue\r\n\r\n"])
        func closes(_ beginning: String) async throws {
            for end in [TestOrigin.Step.close, .reset] {
                let origin = try TestOrigin { _ in [.text(beginning), end] }
                try await withGateway(to: origin) { gateway in
                    let client = try gateway.client()
                    for method in ["GET", "POST"] {
                        try client.sendRequest(["\(method) / HTTP/1.1", "Host: a", "Content-Length: 0"])
                        var response = try client.readHead()
                        if response.status == 100 { response = try client.readHead() }
                        #expect(response.status == 502)
                        _ = try client.read(exactly: Int(response["Content-Length"] ?? "") ?? 0)
                    }
                    #expect(try await gateway.records().map(\.failure) == [.connectionLost, .connectionLost])
                }
            }
        }

        @Test("an upstream that never answers is a 504 in time", arguments: ["GET", "POST"])
        func hangs(_ method: String) async throws {
            let origin = try TestOrigin { _ in [.hang] }
            try await withGateway(to: origin, { $0.settings.responseTimeoutMicroseconds = 100_000 }) { gateway in
                let client = try gateway.client()
                let start = ContinuousClock.now
                #expect(try answer(client, method).status == 504)
                let passed = ContinuousClock.now - start
                #expect(passed >= .milliseconds(95) && passed < .seconds(3))
                #expect(try await gateway.records().map(\.failure) == [.responseTimeout])
                // The client's connection is as good as before.
                #expect(try answer(client, method).status == 504)
                try await eventually("the hung connections are closed") { origin.openConnections == 0 }
            }
        }

        @Test("a standstill of the gateway is not the upstream's fault")
        func standstill() async throws {
            let mayAnswer = DispatchSemaphore(value: 0)
            let origin = try TestOrigin { _ in
                mayAnswer.wait()
                return .response("ok")
            }
            try await withGateway(to: origin, { $0.settings.responseTimeoutMicroseconds = 300_000 }) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
                try await eventually("the upstream has the request") { origin.requests.count == 1 }
                gateway.whileLoopStands {
                    mayAnswer.signal()
                    Thread.sleep(forTimeInterval: 0.6)
                }
                #expect(try client.readResponse().status == 200)
            }
        }

        @Test("an upstream that stops in the middle of its head is a 504 in time")
        func stopsInHead() async throws {
            let origin = try TestOrigin { _ in [.text("HTTP/1.1 200 OK\r\nContent-"), .hang] }
            try await withGateway(to: origin, { $0.settings.responseTimeoutMicroseconds = 100_000 }) { gateway in
                let response = try answer(gateway)
                #expect(response.status == 504)
            }
        }

        @Test(
            "a body that is cut off is seen to be cut off",
            arguments: [
                "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n0\r\nT: 1\r\n",
            ])
        func cutBody(_ text: String) async throws {
            for end in [TestOrigin.Step.close, .reset] {
                let origin = try TestOrigin { _ in [.text(text), .pause(.milliseconds(20)), end] }
                try await withGateway(to: origin) { gateway in
                    let client = try gateway.client()
                    try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
                    #expect(throws: TestFailure.self) { try client.readResponse() }
                    // Towards HTTP/1.0 a chunked body ends with the connection: only a reset can tell.
                    let old = try gateway.client()
                    try old.sendRequest(["GET / HTTP/1.0", "Host: a"])
                    #expect(try old.endsInReset())
                    #expect(try await gateway.records().map(\.failure) == [.connectionLost, .connectionLost])
                    #expect(try await gateway.onLoop { $0.gate.outcomes } == [.success, .success])
                }
            }
        }

        @Test("a body without a length that ends in a reset is cut off, too")
        func resetUntilClose() async throws {
            let origin = try TestOrigin { _ in
                [.text("HTTP/1.1 200 OK\r\n\r\nhalf"), .pause(.milliseconds(20)), .reset]
            }
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
                #expect(throws: TestFailure.self) { try client.readResponse() }
            }
        }

        @Test("chunks that turn bad in the middle cut the response off")
        func badChunkLater() async throws {
            let origin = try TestOrigin { _ in
                [
                    .text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
                    .pause(.milliseconds(20)),
                    .text("oops\r\n"), .hang,
                ]
            }
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
                #expect(throws: TestFailure.self) { try client.readResponse() }
                #expect(try await gateway.records().map(\.failure) == [.malformedResponse])
                try await eventually("the bad connection is closed") { origin.openConnections == 0 }
            }
        }

        @Test("a body that stalls is cut off in time")
        func stalledBody() async throws {
            let origin = try TestOrigin { _ in [.text("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), .hang] }
            try await withGateway(to: origin, { $0.settings.idleTimeoutMicroseconds = 100_000 }) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
                #expect(throws: TestFailure.self) { try client.readResponse() }
                #expect(try await gateway.records().map(\.failure) == [.bodyTimeout])
            }
        }

        @Test("bytes after a response are nobody's: the connection that they came on serves no one else")
        func surplusBytes() async throws {
            let surplus = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
            let origin = try TestOrigin { request in
                [
                    .text(
                        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                            + (request.message.target == "/late" ? "" : surplus)), .pause(.milliseconds(10)),
                    .text(surplus), .hang,
                ]
            }
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                for target in ["/now", "/late", "/late", "/now"] {
                    try client.sendRequest(["GET \(target) HTTP/1.1", "Host: a"])
                    #expect(try client.readResponse().text == "ok")
                    try await eventually("the poisoned connection is closed") { origin.openConnections == 0 }
                }
                #expect(origin.acceptedConnections == 4)
            }
        }

        @Test("a refused connection is a 502, and the next target is asked whatever the method")
        func refused() async throws {
            let nobody = try freePort()
            try await withGateway(to: [nobody]) { gateway in
                let response = try answer(gateway)
                #expect(response.status == 502)
                #expect(try await gateway.records().map(\.failure) == [.connectRefused])
            }
            let origin = try TestOrigin { .response($0.message.text) }
            try await withGateway(to: [nobody, origin.port], { $0.settings.balance = .roundRobin }) { gateway in
                let client = try gateway.client()
                for _ in 0..<4 { #expect(try answer(client, "POST").text == "xy") }
                let attempts = try await gateway.records().map(\.attempts)
                #expect(Set(attempts) == [1, 2])
            }
            try await withGateway(to: [nobody, try freePort(), try freePort(), try freePort()]) { gateway in
                let response = try answer(gateway, "POST")
                #expect(response.status == 502)
                #expect(try await gateway.records().map(\.attempts) == [3])
            }
        }

        @Test("a target that accepts no connection in time is a 504")
        func connectTimeout() async throws {
            let listener = try DeafListener()
            try await withGateway(to: [listener.port], { $0.settings.connectTimeoutMicroseconds = 200_000 }) {
                gateway in
                let response = try answer(gateway)
                #expect(response.status == 504)
                #expect(try await gateway.records().map(\.failure) == [.connectTimeout])
            }
            listener.close()
        }

        @Test("a breaker that refuses is a 503 with Retry-After, and no upstream is asked")
        func refusedByGate() async throws {
            let origin = try TestOrigin { _ in .response() }
            try await withGateway(to: origin) { gateway in
                try await gateway.onLoop { $0.gate.refusesWith = 7 }
                let response = try answer(gateway)
                #expect(response.status == 503 && response["Retry-After"] == "7" && origin.acceptedConnections == 0)
                #expect(try await gateway.records().map(\.failure) == [.breakerOpen])
            }
        }

        @Test("a response of 500 and above is a failure to the breaker, and goes through")
        func serverErrors() async throws {
            let origin = try TestOrigin { .response("x", status: "\($0.message.target.dropFirst()) X") }
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                for status in [200, 404, 500, 503] {
                    try client.sendRequest(["GET /\(status) HTTP/1.1", "Host: a"])
                    #expect(try client.readResponse().status == status)
                }
                #expect(try await gateway.onLoop { $0.gate.outcomes } == [.success, .success, .failure, .failure])
            }
        }
    }
}
