import Testing

@testable import Telemetry

@Suite("Access log lines in other forms")
struct LineFormatTests {
    private func line(
        _ write: (AccessLogRecord, LogBuffer) -> Void, _ change: (inout AccessLogRecord) -> Void = { _ in }
    )
        -> String
    {
        let buffer = LogBuffer()
        "/users/7".withBytes { path in
            "token=REDACTED&v=1".withBytes { query in
                "a \"b\"".withBytes { agent in
                    var record = AccessLogRecord()
                    record.wallMicroseconds = 1_770_091_506_789_000
                    (record.path, record.query, record.userAgent) = (path, query, agent)
                    (record.status, record.bytesOut, record.durationMicroseconds) = (200, 512, 1234)
                    (record.route, record.consumer) = ("users", "acme corp")
                    record.ownMicroseconds = 34
                    record.cache = .hit
                    change(&record)
                    write(record, buffer)
                }
            }
        }
        return String(decoding: buffer.bytes, as: UTF8.self)
    }

    @Test("logfmt quotes what needs it")
    func logfmt() {
        var writer = LogfmtLineWriter()
        #expect(
            line({ writer.write($0, to: $1) })
                == #"time=2026-02-03T04:05:06.789Z path=/users/7 status=200 route=users consumer="acme corp" "#
                + #"duration_us=1234 bytes_in=0 bytes_out=512 cache=hit user_agent="a \"b\"""# + "\n")
    }

    @Test("combined is what tools for Apache and nginx read")
    func combined() {
        var writer = CombinedLineWriter()
        #expect(
            line({ writer.write($0, to: $1) }, { $0.consumer = "" })
                == #"- - - [03/Feb/2026:04:05:06 +0000] " /users/7 HTTP/1.1" 200 512 "-" "a \"b\"""# + "\n")
        var withQuery = CombinedLineWriter([.query])
        #expect(line({ withQuery.write($0, to: $1) }).contains("/users/7?token=REDACTED&v=1 HTTP/1.1"))
    }

    @Test("only the fields that are asked for are there")
    func fields() {
        var writer = JSONLineWriter([.path, .query, .gatewayDuration])
        #expect(
            line({ writer.write($0, to: $1) })
                == #"{"time":"2026-02-03T04:05:06.789Z","path":"/users/7","query":"token=REDACTED&v=1","gateway_us":34}"#
                + "\n")
    }

    @Test("a sample takes its share evenly, and every error")
    func sampling() throws {
        var rules = AccessLogRules()
        rules.sample = 0.1
        let log = AccessLog(sink: try AccessLogSink(.file("/dev/null")), rules: rules)
        #expect((0..<1000).count { _ in log.wants(isError: false) } == 100)
        #expect((0..<10).allSatisfy { _ in log.wants(isError: true) })
    }
}
