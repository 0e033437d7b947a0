import Foundation
import Testing

@testable import Telemetry

@Suite("Traces")
struct TraceTests {
    @Test("whoever began a trace decides; of those that begin here a share is taken by the id")
    func sampling() {
        var sampling = TraceSampling()
        sampling.share = 0.1
        #expect(sampling.takes(traceLow: .max, parent: true))
        #expect(!sampling.takes(traceLow: 0, parent: false))
        var generator = SystemRandomNumberGenerator()
        let taken = (0..<20_000).count { _ in sampling.takes(traceLow: generator.next(), parent: nil) }
        #expect((1700...2300).contains(taken))
        sampling.share = 0
        #expect(!sampling.takes(traceLow: 0, parent: nil))
    }

    @Test("errors and what is slow are taken at their end")
    func tail() {
        var sampling = TraceSampling()
        sampling.slowMicroseconds = 1000
        #expect(sampling.takes(status: 500, hasFailed: false, durationMicroseconds: 1))
        #expect(sampling.takes(status: 200, hasFailed: true, durationMicroseconds: 1))
        #expect(sampling.takes(status: 200, hasFailed: false, durationMicroseconds: 1000))
        #expect(!sampling.takes(status: 404, hasFailed: false, durationMicroseconds: 999))
        sampling.takesErrors = false
        #expect(!sampling.takes(status: 500, hasFailed: true, durationMicroseconds: 1))
    }

    @Test("the queue is bounded, and counts what it has no room for")
    func queue() {
        var queue = SpanQueue()
        for _ in 0..<SpanQueue.most + 5 { queue.append(Span()) }
        #expect(queue.dropped == 5)
        #expect(queue.take(100).count == 100)
        queue.append(Span())
        #expect(queue.dropped == 5)
    }

    @Test("an export is OTLP's JSON: two spans, with ids in hexadecimal and times as texts")
    func text() throws {
        var span = Span()
        (span.traceHigh, span.traceLow, span.parent, span.id, span.call) = (1, 0xABC, 0x77, 0x10, 0x11)
        (span.endMicroseconds, span.durationMicroseconds) = (1_700_000_000_000_000, 5000)
        (span.headMicroseconds, span.upstreamMicroseconds) = (4000, 3000)
        (span.method, span.path, span.route, span.upstream) = ("GET", "/a\"b\n", "users", "app")
        (span.status, span.error) = (502, "connection_lost")
        let bytes = OTLPText.request([span], resource: [("service.name", "sluice")])
        let root = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        let resource = try #require((root["resourceSpans"] as? [[String: Any]])?.first)
        let spans = try #require((resource["scopeSpans"] as? [[String: Any]])?.first?["spans"] as? [[String: Any]])
        #expect(spans.count == 2)
        #expect(spans[0]["traceId"] as? String == "00000000000000010000000000000abc")
        #expect(spans[0]["spanId"] as? String == "0000000000000010")
        #expect(spans[0]["parentSpanId"] as? String == "0000000000000077")
        #expect(spans[0]["name"] as? String == "GET users" && spans[0]["kind"] as? Int == 2)
        #expect(spans[0]["startTimeUnixNano"] as? String == "1699999999995000000")
        #expect((spans[0]["status"] as? [String: Any])?["code"] as? Int == 2)
        #expect(spans[1]["parentSpanId"] as? String == "0000000000000010" && spans[1]["kind"] as? Int == 3)
        #expect(spans[1]["startTimeUnixNano"] as? String == "1699999999996000000")
        #expect(spans[1]["endTimeUnixNano"] as? String == "1699999999999000000")
        let attributes = try #require(spans[0]["attributes"] as? [[String: Any]])
        let path = attributes.first { $0["key"] as? String == "url.path" }?["value"] as? [String: String]
        #expect(path?["stringValue"] == "/a\"b\n")
    }
}
