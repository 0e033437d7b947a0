import Dispatch
import GatewayCore
import TestSupport
import Testing

@testable import Transport

@Suite("draining and the bound on connections")
struct DrainTests {
    @Test("idle connections end at once, busy ones with their response")
    func drain() async throws {
        let mayAnswer = DispatchSemaphore(value: 0)
        let origin = try TestOrigin { request in
            if request.message.target != "/idle" { mayAnswer.wait() }
            return .response(request.message.target)
        }
        try await withGateway(to: origin) { gateway in
            let fresh = try gateway.client()
            let idle = try gateway.client()
            try idle.sendRequest(["GET /idle HTTP/1.1", "Host: a"])
            #expect(try idle.readResponse().status == 200)
            let busy = try gateway.client()
            try busy.send("GET /busy HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("the busy request is under way") { origin.requests.count == 2 }
            try await eventually("all are accepted") { gateway.openConnections.current == 3 }
            let drained = Counter()
            let draining = Task {
                try await gateway.drain()
                drained.add(1)
            }
            #expect(try idle.isAtEnd())
            #expect(try fresh.isAtEnd())
            #expect(drained.value == 0)
            let late = try gateway.client()
            #expect(try late.isAtEnd())
            mayAnswer.signal()
            let response = try busy.readResponse()
            #expect(response.text == "/busy" && response["Connection"] == "close")
            #expect(try busy.isAtEnd())
            try await draining.value
            #expect(origin.requests.count == 2)
        }
    }

    @Test("a response that streams when the draining begins is finished")
    func streaming() async throws {
        let mayEnd = DispatchSemaphore(value: 0)
        let origin = try TestOrigin(connection: { connection, _, _ in
            _ = try connection.readHead()
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
            mayEnd.wait()
            try connection.send("half")
            _ = try connection.readUntilClose()
        })
        try await withGateway(to: origin) { gateway in
            let client = try gateway.client()
            try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
            #expect(try client.readHead().status == 200)
            let draining = Task { try await gateway.drain() }
            try await gateway.turn()
            mayEnd.signal()
            #expect(try client.read(exactly: 8) == Array("halfhalf".utf8))
            #expect(try client.isAtEnd())
            try await draining.value
        }
    }

    @Test("a worker without connections is drained at once")
    func nothingToDrain() async throws {
        let origin = try TestOrigin { _ in .response() }
        try await withGateway(to: origin) { gateway in try await gateway.drain() }
    }

    @Test("connections beyond the bound are closed, and room is given back")
    func maximum() async throws {
        let origin = try TestOrigin { _ in .response("ok") }
        try await withGateway(to: origin, { $0.maximumConnections = 2 }) { gateway in
            let first = try gateway.client()
            let second = try gateway.client()
            try await eventually("both are counted") { gateway.openConnections.current == 2 }
            let third = try gateway.client()
            #expect(try third.readUntilClose().isEmpty)
            try second.sendRequest(["GET / HTTP/1.1", "Host: a"])
            #expect(try second.readResponse().text == "ok")
            first.close()
            try await eventually("there is room") { gateway.openConnections.current == 1 }
            let fourth = try gateway.client()
            try fourth.sendRequest(["GET / HTTP/1.1", "Host: a"])
            #expect(try fourth.readResponse().text == "ok")
        }
    }
}
