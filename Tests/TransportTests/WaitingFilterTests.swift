import GatewayCore
import NIOCore
import TestSupport
import Testing

@testable import Transport

extension TransportSuites {
    /// Filters that ask someone, and clients that don't wait for the answer.
    @Suite("filters that wait")
    struct WaitingFilterTests {
        @Test("a request waits with its body and then goes on, or is refused", arguments: [nil, 429])
        func waits(_ reply: Int?) async throws {
            let origin = try TestOrigin { .response($0.message.text) }
            let shelf = Shelf()
            try await withGateway(to: origin, { $0.filters = { shelf.make() } }) { gateway in
                let client = try gateway.client()
                for _ in 0..<3 {
                    try client.sendRequest(["POST / HTTP/1.1", "Host: a", "Content-Length: 5"], body: "hello")
                    try await shelf.holds(1, in: gateway)
                    try await shelf.resume(in: gateway, reply)
                    let response = try client.readResponse()
                    #expect(response.status == reply ?? 200 && response.text == (reply == nil ? "hello" : ""))
                }
                #expect(origin.requests.count == (reply == nil ? 3 : 0))
                shelf.filter = nil
            }
        }

        @Test("a body larger than memory allows stays with its sender while a filter waits")
        func bodyWaits() async throws {
            let origin = try TestOrigin { .response("\($0.message.body.count)") }
            let shelf = Shelf()
            try await withGateway(
                to: origin,
                {
                    $0.filters = { shelf.make() }; $0.limits.bodyBytes = 1 << 30
                }
            ) { gateway in
                let client = try gateway.client()
                let count = 32 << 20
                try client.sendRequest(["POST / HTTP/1.1", "Host: a", "Content-Length: \(count)"])
                let sent = Counter()
                let block = pattern(1 << 18)
                let sender = Sender {
                    for _ in 0..<count / block.count {
                        try client.send(block)
                        sent.add(block.count)
                    }
                }
                try await shelf.holds(1, in: gateway)
                var last = -1
                try await eventually("the sender stands still", every: .milliseconds(150)) {
                    defer { last = sent.value }
                    return sent.value == last
                }
                #expect(sent.value < count / 2 && !sender.isFinished)
                try await shelf.resume(in: gateway)
                try await sender.finished()
                #expect(try client.readResponse().text == "\(count)")
                shelf.filter = nil
            }
        }

        @Test(
            "a client that leaves while a filter waits is not kept for long, and the late answer does no harm",
            arguments: [true, false])
        func leaves(_ isReset: Bool) async throws {
            let origin = try TestOrigin { _ in .response() }
            let shelf = Shelf()
            try await withGateway(to: origin, { $0.filters = { shelf.make() } }) { gateway in
                for reply in [nil, 429] {
                    let client = try gateway.client()
                    try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
                    try await shelf.holds(1, in: gateway)
                    let gone = try await gateway.onLoop { _ in Gone(shelf.filter?.held.first) }
                    if isReset { client.reset() } else { client.close() }
                    try await eventually("the exchange ends") {
                        try await gateway.records().last?.failure == .clientGone && gateway.openConnections.current == 0
                    }
                    #expect(!gone.isComplete)
                    try await shelf.resume(in: gateway, reply)
                    try await eventually("exchange and connection are let go of") { gone.isComplete }
                    #expect(origin.requests.isEmpty)
                }
                shelf.filter = nil
            }
        }

        @Test("a request whose body never comes is given up while a filter waits")
        func bodyNeverComes() async throws {
            let origin = try TestOrigin { _ in .response() }
            let shelf = Shelf()
            try await withGateway(
                to: origin,
                {
                    $0.filters = { shelf.make() }; $0.limits.idleTimeoutMicroseconds = 100_000
                }
            ) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["POST / HTTP/1.1", "Host: a", "Content-Length: 5"])
                try await shelf.holds(1, in: gateway)
                #expect(try client.readUntilClose().isEmpty)
                try await shelf.resume(in: gateway)
                #expect(try await gateway.records().map(\.failure) == [.clientTimeout])
                shelf.filter = nil
            }
        }

        @Test("closing all connections while filters wait does no harm")
        func closeAll() async throws {
            let origin = try TestOrigin { _ in .response() }
            let shelf = Shelf()
            try await withGateway(to: origin, { $0.filters = { shelf.make() } }) { gateway in
                let clients = try (0..<3).map { _ in try gateway.client() }
                for client in clients { try client.sendRequest(["GET / HTTP/1.1", "Host: a"]) }
                try await shelf.holds(3, in: gateway)
                try await gateway.onLoop { $0.worker.closeAll() }
                for client in clients { #expect(try client.isAtEnd()) }
                try await shelf.resume(in: gateway)
                shelf.filter = nil
            }
        }

        /// Tells when an exchange and its connection are gone.
        private final class Gone: @unchecked Sendable {
            private weak var exchange: Exchange?
            private weak var downstream: (any Downstream)?

            init(_ exchange: Exchange?) {
                self.exchange = exchange
                downstream = exchange?.downstream
            }

            var isComplete: Bool { exchange == nil && downstream == nil }
        }
    }
}
