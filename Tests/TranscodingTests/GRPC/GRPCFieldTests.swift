import Testing

@testable import Transcoding

@Suite("gRPC fields and statuses")
struct GRPCFieldTests {
    @Test(
        "timeouts are read",
        arguments: [
            ("100m", Duration.milliseconds(100)), ("1H", .seconds(3600)), ("2M", .seconds(120)), ("0S", .zero),
            ("99999999n", .nanoseconds(99_999_999)), ("7u", .microseconds(7)),
        ])
    func timeouts(field: String, duration: Duration) {
        #expect(GRPCTimeout.parse(bytes(field)) == duration)
    }

    @Test("malformed timeouts are none", arguments: ["", "S", "1", "1s", "-1S", "123456789n", "1.5S", " 1S", "1 S"])
    func malformedTimeouts(field: String) {
        #expect(GRPCTimeout.parse(bytes(field)) == nil)
    }

    @Test("a timeout passed on is never later than it was, and off by no more than a hundred-thousandth")
    func timeoutText() throws {
        for duration in [
            Duration.nanoseconds(1), .nanoseconds(99_999_999), .milliseconds(100), .seconds(99), .seconds(100),
            .milliseconds(123_456_789), .seconds(99_999_999), .seconds(100_000_000), .seconds(359_999_996_400), .zero,
        ] {
            let parsed = try #require(GRPCTimeout.parse(GRPCTimeout.text(duration)))
            #expect(parsed <= duration)
            #expect(duration - parsed <= duration / 100_000)
        }
        #expect(text(GRPCTimeout.text(.milliseconds(1500))) == "1500000u")
        #expect(text(GRPCTimeout.text(.seconds(-1))) == "0n")
    }

    @Test(
        "messages are percent-encoded and back",
        arguments: [
            ("not found", "not found"), ("50%", "50%25"), ("é\n", "%C3%A9%0A"), ("", ""), ("😀", "%F0%9F%98%80"),
        ])
    func messages(message: String, field: String) {
        #expect(text(GRPCMessageText.encode(message)) == field)
        #expect(GRPCMessageText.decode(bytes(field)) == message)
    }

    @Test("wrong escapes stay, long messages are cut between characters")
    func oddMessages() {
        #expect(GRPCMessageText.decode(bytes("100% of %4 %zz %41")) == "100% of %4 %zz A")
        let cut = GRPCMessageText.encode(String(repeating: "é", count: 1000))
        #expect(cut.count <= GRPCMessageText.maximumBytes)
        #expect(GRPCMessageText.decode(cut).allSatisfy { $0 == "é" })
    }

    @Test("statuses are those of google/rpc/code.proto")
    func statuses() {
        let expected = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401]
        #expect(GRPCStatus.allCases.map(\.httpStatus) == expected)
        #expect(GRPCStatus.allCases.map(\.rawValue) == Array(0...16))
        #expect(GRPCStatus(field: bytes("5")) == .notFound)
        for field in ["", "17", "x", "-1", "99999999999999999999"] {
            #expect(GRPCStatus(field: bytes(field)) == .unknown)
        }
        #expect(GRPCStatus(httpStatus: 404) == .unimplemented)
        #expect(GRPCStatus(httpStatus: 503) == .unavailable)
        #expect(GRPCStatus(httpStatus: 418) == .unknown)
        #expect(GRPCStatus(refusal: 429) == .resourceExhausted)
    }

    @Test("details of a failure become members of a problem; those unknown are left out")
    func problem() throws {
        // google.rpc.Status { code: 5, message: "m", details: [RetryInfo { retry_delay: 2s }, an unknown type] }
        let url = bytes("type.googleapis.com/google.rpc.RetryInfo")
        let any: [UInt8] = [0x0A, UInt8(url.count)] + url + [0x12, 4, 0x0A, 2, 0x08, 2]
        let status: [UInt8] =
            [0x08, 5, 0x12, 1, 0x6D, 0x1A, UInt8(any.count)] + any + [0x1A, 5, 0x0A, 3, 0x61, 0x2F, 0x62]
        var field: [UInt8] = []
        Base64.append(status, to: &field)
        let problem = GRPCProblem(
            status: .notFound, message: bytes("no%20such \"book\""), detailsField: field, in: try Fixture.library())
        #expect(
            text(problem.object)
                == #"{"grpc_status":"NOT_FOUND","grpc_code":5,"detail":"no such \"book\"","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"2s"}]}"#
        )
        let broken = GRPCProblem(
            status: .internal, message: [], detailsField: bytes("*"), in: try Fixture.library())
        #expect(text(broken.object) == #"{"grpc_status":"INTERNAL","grpc_code":13}"#)
    }

    @Test("streams are lines or events")
    func streams() {
        #expect(text(StreamFormat.lines.message(bytes("{}"))) == "{}\n")
        #expect(text(StreamFormat.events.message(bytes("{}"))) == "data: {}\n\n")
        #expect(text(StreamFormat.lines.failure(bytes("{}"))) == "{\"error\":{}}\n")
        #expect(text(StreamFormat.events.failure(bytes("{}"))) == "event: error\ndata: {}\n\n")
    }
}
