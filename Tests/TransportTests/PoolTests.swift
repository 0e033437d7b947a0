import Foundation
import GatewayCore
import TestSupport
import Testing

@testable import Transport

extension TransportSuites {
    /// Connections to a target are bounded, and so is the queue for them.
    @Suite("upstream pools")
    struct PoolTests {
        /// Answers when the test lets it.
        private final class PatientOrigin: Sendable {
            let origin: TestOrigin
            let allowance = DispatchSemaphore(value: 0)

            init() throws {
                let allowance = self.allowance
                origin = try TestOrigin { request in
                    if request.message.target != "/now" { allowance.wait() }
                    return .response(request.message.target)
                }
            }
        }

        private func ask(_ gateway: TestGateway, _ target: String) throws -> RawConnection {
            let client = try gateway.client()
            try client.sendRequest(["GET \(target) HTTP/1.1", "Host: a"])
            return client
        }

        private func active(_ gateway: TestGateway, is count: Int) async throws {
            try await eventually("\(count) attempts are active") {
                try await gateway.onLoop { $0.upstream.pools[0].activeCount } == count
            }
        }

        @Test(
            "no more connections than allowed, further requests wait in their order, and beyond the queue's bound are refused"
        )
        func bounds() async throws {
            let patient = try PatientOrigin()
            try await withGateway(
                to: patient.origin,
                {
                    $0.settings.maximumConnections = 2; $0.settings.maximumPending = 3
                }
            ) { gateway in
                var clients: [RawConnection] = []
                for index in 0..<5 {
                    clients.append(try ask(gateway, "/\(index)"))
                    try await active(gateway, is: index + 1)
                }
                let refused = try ask(gateway, "/now")
                let refusal = try refused.readResponse()
                #expect(
                    refusal.status == 503 && refusal["Retry-After"] == "1" && patient.origin.acceptedConnections == 2)
                for _ in 0..<5 { patient.allowance.signal() }
                for (index, client) in clients.enumerated() { #expect(try client.readResponse().text == "/\(index)") }
                #expect(patient.origin.acceptedConnections == 2)
                #expect(try await gateway.records().filter { $0.failure == .tooManyPending }.count == 1)
            }
        }

        @Test("a client that vanishes leaves the queue")
        func vanishing() async throws {
            let patient = try PatientOrigin()
            try await withGateway(
                to: patient.origin,
                {
                    $0.settings.maximumConnections = 1; $0.settings.maximumPending = 1
                }
            ) { gateway in
                let first = try ask(gateway, "/first")
                try await active(gateway, is: 1)
                let second = try ask(gateway, "/second")
                try await active(gateway, is: 2)
                second.reset()
                try await active(gateway, is: 1)
                let third = try ask(gateway, "/third")
                try await active(gateway, is: 2)
                patient.allowance.signal()
                patient.allowance.signal()
                #expect(try first.readResponse().text == "/first")
                #expect(try third.readResponse().text == "/third")
                #expect(patient.origin.requests.map(\.message.target) == ["/first", "/third"])
            }
        }

        @Test("who waits in vain for a connection is told in time")
        func pendingTimeout() async throws {
            // The one connection streams an endless response, as server-sent events do.
            let origin = try TestOrigin { _ in
                [.text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"), .hang]
            }
            try await withGateway(
                to: origin,
                {
                    $0.settings.maximumConnections = 1; $0.settings.responseTimeoutMicroseconds = 200_000
                }
            ) { gateway in
                let streaming = try ask(gateway, "/stream")
                #expect(try streaming.readHead().status == 200)
                let waiting = try ask(gateway, "/waiting")
                #expect(try waiting.readResponse().status == 503)
                #expect(try await gateway.records().map(\.failure) == [.tooManyPending])
                streaming.close()
            }
        }

        @Test("the connection of a client that vanishes makes room for those who wait")
        func roomByVanishing() async throws {
            let patient = try PatientOrigin()
            try await withGateway(to: patient.origin, { $0.settings.maximumConnections = 1 }) { gateway in
                let first = try ask(gateway, "/first")
                try await active(gateway, is: 1)
                let second = try ask(gateway, "/now")
                try await active(gateway, is: 2)
                first.reset()
                #expect(try second.readResponse().text == "/now")
                patient.allowance.signal()
            }
        }

        @Test("when connections can't be opened, those who wait for one are told, too")
        func refusedWhileWaiting() async throws {
            let listener = try DeafListener()
            try await withGateway(
                to: [listener.port],
                {
                    $0.settings.maximumConnections = 1; $0.settings.connectTimeoutMicroseconds = 200_000
                }
            ) { gateway in
                let clients = try (0..<3).map { try ask(gateway, "/\($0)") }
                for client in clients { #expect(try client.readResponse().status == 504) }
            }
            listener.close()
        }

        @Test("a place that a failed connect leaves free is taken by who waits, though others stay busy")
        func placeAfterFailure() async throws {
            let listener = try DeafListener(room: 1)
            try await withGateway(
                to: [listener.port],
                {
                    $0.settings.maximumConnections = 2
                    $0.settings.connectTimeoutMicroseconds = 200_000
                }
            ) { gateway in
                let busy = try ask(gateway, "/busy")
                try await active(gateway, is: 1)
                try await gateway.turn()
                let failing = try ask(gateway, "/failing")
                try await active(gateway, is: 2)
                let waiting = try ask(gateway, "/waiting")
                try await active(gateway, is: 3)
                #expect(try failing.readResponse().status == 504)
                // A 504 as well: it had its own try, and was not left to wait for the busy connection.
                #expect(try waiting.readResponse().status == 504)
                busy.close()
            }
            listener.close()
        }

        @Test(
            "a stale connection is replaced for a request that can be repeated, and not for another",
            arguments: [
                ("GET", 200), ("PUT", 200), ("DELETE", 200), ("POST", 502), ("PATCH", 502),
            ])
        func stale(_ method: String, _ status: Int) async throws {
            // The connection looks alive until a second request comes over it.
            let origin = try TestOrigin(connection: { connection, number, record in
                record(TestOrigin.Request(message: try connection.readRequest(), connection: number))
                try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                _ = try connection.readRequest()
            })
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET /first HTTP/1.1", "Host: a"])
                #expect(try client.readResponse().text == "ok")
                try client.sendRequest(["\(method) /second HTTP/1.1", "Host: a", "Content-Length: 0"])
                #expect(try client.readResponse().status == status)
                #expect(origin.requests.count == (status == 200 ? 2 : 1))
                let records = try await gateway.records()
                #expect(records[1].attempts == (status == 200 ? 2 : 1))
                #expect(
                    try await gateway.onLoop { $0.gate.outcomes } == [.success, status == 200 ? .success : .failure])
            }
        }

        @Test("a connection that failed while fresh is not tried again")
        func freshFailure() async throws {
            let origin = try TestOrigin { _ in [.close] }
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
                #expect(try client.readResponse().status == 502)
                #expect(origin.acceptedConnections == 1)
            }
        }

        @Test("an upstream that is closed lets go of its connections, those in use when they are done")
        func close() async throws {
            let patient = try PatientOrigin()
            try await withGateway(to: patient.origin) { gateway in
                let busy = try ask(gateway, "/busy")
                try await active(gateway, is: 1)
                let unused = try ask(gateway, "/now")
                #expect(try unused.readResponse().text == "/now")
                #expect(patient.origin.openConnections == 2)
                try await gateway.onLoop { $0.upstream.close() }
                try await eventually("the unused connection closes") { patient.origin.openConnections == 1 }
                patient.allowance.signal()
                #expect(try busy.readResponse().text == "/busy")
                try await eventually("the other connection closes") { patient.origin.openConnections == 0 }
            }
        }
    }
}
