import Foundation
import GatewayCore
import TestSupport
import Testing

@testable import Transport

extension TransportSuites {
    /// Who reads slowly slows the sender down, not the gateway's memory up.
    @Suite("backpressure")
    struct BackpressureTests {
        /// What may lie in the kernel's buffers of two connections and in the gateway, and so can be sent without being read.
        private static let slack = 24 * 1024 * 1024
        private static let large = 40 * 1024 * 1024

        /// Waits until a count has stopped to grow.
        private func standstill(_ counter: Counter) async throws -> Int {
            var last = -1
            try await eventually("the sender stands still", within: .seconds(30), every: .milliseconds(150)) {
                defer { last = counter.value }
                return counter.value > 0 && counter.value == last
            }
            return counter.value
        }

        @Test(
            "a client that doesn't read holds the upstream back, and then gets every byte",
            arguments: ["HTTP/1.1", "HTTP/1.0"])
        func slowClient(_ version: String) async throws {
            let sent = Counter()
            let block = pattern(1 << 20)
            let origin = try TestOrigin(connection: { connection, _, _ in
                _ = try connection.readHead()
                try connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for _ in 0..<Self.large / block.count {
                    try connection.send("100000\r\n")
                    try connection.send(block)
                    try connection.send("\r\n")
                    sent.add(block.count)
                }
                try connection.send("0\r\n\r\n")
                _ = try connection.readUntilClose()
            })
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET / \(version)", "Host: a"])
                #expect(try await standstill(sent) < Self.slack)
                // Others are served meanwhile.
                try await gateway.turn()
                #expect(try client.readHead().status == 200)
                var received = 0
                var isIntact = true
                while received < Self.large {
                    if version == "HTTP/1.1" {
                        // Chunks are of any size: take their framing off.
                        let line = String(decoding: try client.read(until: "\r\n").dropLast(2), as: UTF8.self)
                        let size = try #require(Int(line, radix: 16))
                        let bytes = try client.read(exactly: size)
                        isIntact = isIntact && bytes.matches(block, from: received)
                        received += size
                        _ = try client.read(exactly: 2)
                    } else {
                        let bytes = try client.read()
                        try #require(!bytes.isEmpty)
                        isIntact = isIntact && bytes.matches(block, from: received)
                        received += bytes.count
                    }
                }
                #expect(isIntact && received == Self.large)
            }
        }

        @Test(
            "an upstream that doesn't read holds the client back, and then gets every byte", arguments: [true, false])
        func slowUpstream(_ isChunked: Bool) async throws {
            let sent = Counter()
            let block = pattern(1 << 20)
            let total = Self.large
            let mayRead = DispatchSemaphore(value: 0)
            let origin = try TestOrigin(connection: { connection, number, record in
                _ = try connection.readHead()
                mayRead.wait()
                var received = 0
                var isIntact = true
                while received < total {
                    var size = 65_536
                    if isChunked {
                        let line = String(decoding: try connection.read(until: "\r\n").dropLast(2), as: UTF8.self)
                        size = Int(line, radix: 16) ?? 0
                    }
                    let bytes = try connection.read(exactly: size)
                    isIntact = isIntact && bytes.matches(block, from: received)
                    received += size
                    if isChunked { _ = try connection.read(exactly: 2) }
                }
                if isChunked { _ = try connection.read(exactly: 5) }
                try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\(isIntact ? "good" : "bad!")")
                _ = try connection.readUntilClose()
            })
            try await withGateway(to: origin, { $0.limits.bodyBytes = 1 << 30 }) { gateway in
                let client = try gateway.client()
                let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(total)"
                try client.sendRequest(["POST / HTTP/1.1", "Host: a", framing])
                let sender = Sender {
                    for _ in 0..<total / block.count {
                        if isChunked { try client.send("100000\r\n") }
                        try client.send(block)
                        if isChunked { try client.send("\r\n") }
                        sent.add(block.count)
                    }
                    if isChunked { try client.send("0\r\n\r\n") }
                }
                #expect(try await standstill(sent) < Self.slack)
                mayRead.signal()
                try await sender.finished()
                #expect(try client.readResponse().text == "good")
                #expect(try await gateway.records().map(\.bytesIn) == [total])
            }
        }

        @Test("a client that takes longer than the lingering time for the end of a response still gets it")
        func slowEnd() async throws {
            let sent = Counter()
            let block = pattern(1 << 20)
            let count = 4
            let origin = try TestOrigin(connection: { connection, _, _ in
                _ = try connection.readHead()
                try connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(count * block.count)\r\n\r\n")
                for _ in 0..<count { try connection.send(block) }
                sent.add(1)
                _ = try connection.readUntilClose()
            })
            // With a large send buffer the kernel would take it all.
            try await withGateway(to: origin, { $0.sendBuffer = 4096 }) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET / HTTP/1.1", "Host: a", "Connection: close"])
                #expect(try client.readHead().status == 200)
                var received = 0
                // Reads until the gateway has the whole response; what is left then lies in buffers.
                while received < count * block.count, try await gateway.records().isEmpty {
                    received += try client.read(upTo: 4096).count
                }
                try await Task.sleep(for: .microseconds(ClientConnection.lingerMicroseconds + 300_000))
                received += try client.readUntilClose().count
                #expect(received == count * block.count)
            }
        }

        @Test("a client that takes nothing more of its response is given up in time")
        func stalledClient() async throws {
            let block = pattern(1 << 20)
            let origin = try TestOrigin(connection: { connection, _, _ in
                _ = try connection.readHead()
                try connection.send("HTTP/1.1 200 OK\r\n\r\n")
                while true { try connection.send(block) }
            })
            try await withGateway(to: origin, { $0.limits.idleTimeoutMicroseconds = 300_000 }) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
                try await eventually("the exchange is given up") {
                    try await gateway.records().map(\.failure) == [.clientTimeout]
                }
                try await eventually("its upstream connection is closed") { origin.openConnections == 0 }
                client.close()
            }
        }

        @Test("an upstream that is held back by its client is not given up")
        func heldBackUpstream() async throws {
            let block = pattern(1 << 20)
            let origin = try TestOrigin(connection: { connection, _, _ in
                _ = try connection.readHead()
                try connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(Self.large)\r\n\r\n")
                for _ in 0..<Self.large / block.count { try connection.send(block) }
                _ = try connection.readUntilClose()
            })
            try await withGateway(to: origin, { $0.settings.idleTimeoutMicroseconds = 100_000 }) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
                #expect(try client.readHead().status == 200)
                try await Task.sleep(for: .milliseconds(500))
                var received = 0
                while received < Self.large {
                    let bytes = try client.read()
                    try #require(!bytes.isEmpty)
                    received += bytes.count
                }
            }
        }
    }
}

extension [UInt8] {
    /// Whether these are the bytes from `offset` of an endless repetition of `block`.
    fileprivate func matches(_ block: [UInt8], from offset: Int) -> Bool {
        var place = offset % block.count
        var index = 0
        while index < count {
            let length = Swift.min(count - index, block.count - place)
            guard self[index..<index + length] == block[place..<place + length] else { return false }
            index += length
            place = 0
        }
        return true
    }
}
