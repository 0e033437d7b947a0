import GatewayCore
import HTTPWire
import Testing

@testable import Filters

@Suite("What an upstream is told about where a request came from")
struct ForwardingHeadersTests {
    /// The added lines, without the trace, which is random.
    private func lines(_ test: TestExchange) -> [String] {
        test.exchange.requestID.append("id-1")
        _ = ForwardingHeaders().apply(test.exchange)
        return test.requestLines.filter { !$0.hasPrefix("traceparent") }
    }

    @Test("a direct client is its address, its Host and http")
    func direct() throws {
        #expect(
            lines(try TestExchange()) == [
                "X-Request-ID: id-1", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-Host: api.example.com",
                "X-Forwarded-Proto: http", #"Forwarded: for=192.0.2.1;host="api.example.com";proto=http"#,
                "Via: 1.1 sluice",
            ])
    }

    @Test("what a stranger claims is replaced")
    func stranger() throws {
        let test = try TestExchange.with(
            "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Host: bank.example", "X-Forwarded-Proto: https",
            "Forwarded: for=203.0.113.9")
        #expect(lines(test) == lines(try TestExchange()))
    }

    @Test("what a trusted proxy says is continued, over several lines too")
    func trusted() throws {
        let test = try TestExchange.with(
            "X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 198.51.100.2", "X-Forwarded-Host: www.example.com",
            "X-Forwarded-Proto: https", "Forwarded: for=203.0.113.9", "Via: 1.0 edge", isTrusted: true)
        #expect(
            lines(test) == [
                "X-Request-ID: id-1", "X-Forwarded-For: 203.0.113.9, 198.51.100.2, 192.0.2.1",
                "X-Forwarded-Host: www.example.com", "X-Forwarded-Proto: https",
                #"Forwarded: for=203.0.113.9, for=192.0.2.1;host="api.example.com";proto=http"#,
                "Via: 1.0 edge, 1.1 sluice",
            ])
    }

    @Test("an IPv6 address is bracketed and quoted in Forwarded, and plain in X-Forwarded-For")
    func addressOfVersion6() throws {
        let lines = lines(try TestExchange.with(peer: "2001:db8::1"))
        #expect(lines[1] == "X-Forwarded-For: 2001:db8::1")
        #expect(lines[4] == #"Forwarded: for="[2001:db8::1]";host="api.example.com";proto=http"#)
    }

    @Test("HTTP/1.0 without Host: no host is made up, and Via tells the version")
    func oldVersion() throws {
        let lines = lines(try TestExchange(["GET / HTTP/1.0"]))
        #expect(lines[2] == "X-Forwarded-Host: ")
        #expect(lines[4] == "Forwarded: for=192.0.2.1;proto=http")
        #expect(lines[5] == "Via: 1.0 sluice")
    }

    @Test("every response names the request and the gateway")
    func response() throws {
        let test = try TestExchange()
        test.exchange.requestID.append("id-1")
        ForwardingHeaders.appendResponseLines(test.exchange)
        #expect(test.responseLines == ["X-Request-ID: id-1", "Via: 1.1 sluice"])
    }
}

@Suite("traceparent")
struct TraceparentTests {
    private static let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test(
        "is valid by W3C Trace Context, or is not",
        arguments: [
            (valid, true),
            ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", true),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01", false),
            ("00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", false), ("", false),
        ])
    func validity(text: String, isValid: Bool) {
        #expect(withBytes(text) { ForwardingHeaders.isValidTraceparent($0) } == isValid)
    }

    @Test("a valid one is passed on as it came")
    func kept() throws {
        let test = try TestExchange.with("traceparent: \(Self.valid)")
        _ = ForwardingHeaders().apply(test.exchange)
        #expect(test.requestLines.last == "traceparent: \(Self.valid)")
    }

    @Test("in place of an invalid one begins a new trace, another for each request")
    func replaced() throws {
        let filter = ForwardingHeaders()
        var traces: Set<String> = []
        for _ in 0..<100 {
            let test = try TestExchange.with("traceparent: 00-zz")
            _ = filter.apply(test.exchange)
            let trace = try #require(test.requestLines.last).dropFirst("traceparent: ".count)
            #expect(withBytes(String(trace)) { ForwardingHeaders.isValidTraceparent($0) })
            traces.insert(String(trace))
        }
        #expect(traces.count == 100)
    }
}
