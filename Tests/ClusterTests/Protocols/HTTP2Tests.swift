import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("HTTP/2 in front and towards upstreams")
    struct HTTP2Tests {
        private let upstream: DemoUpstream
        private let node: Node

        init() async throws {
            upstream = try await DemoUpstream()
            node = try await Node(Self.configuration(upstream.url))
        }

        private static func configuration(_ url: String) -> String {
            """
            access_log: { path: off }
            limits: { header_bytes: 8KiB, body: 4MiB }
            upstreams: { app: { targets: ["\(url)"], breaker: off, max_streams: 5 } }
            routes: [{ match: { path: "/**" }, upstream: app }]

            """
        }

        private func curl(_ node: Node, _ target: String, _ options: String..., input: String = "") async throws
            -> String
        {
            let arguments = ["-sS", "-m", "20", "--http2-prior-knowledge"] + options
            let finished = try await ChildProcess.run(
                "curl", arguments + ["http://127.0.0.1:\(node.port)\(target)"], input: input)
            return finished.standardOutput
        }

        @Test("requests and bodies of all kinds pass, over HTTP/2 alone or twice in a row")
        func passing() async throws {
            let front = try await Node(Self.configuration("h2c://127.0.0.1:\(node.port)"), name: "front")
            let body = String(repeating: "0123456789abcdef", count: 100_000)
            for node in [node, front] {
                #expect(try await curl(node, "/echo", "-w", "%{http_version} %{http_code}").hasSuffix("2 200"))
                #expect(try await curl(node, "/status/404", "-o", "/dev/null", "-w", "%{http_code}") == "404")
                #expect(try await curl(node, "/bytes/77", "-I").contains("content-length: 77"))
                let post = try await curl(node, "/echo", "--data-binary", "@-", input: body)
                #expect(post.contains("\"body_bytes\": 1600000"), "\(post.prefix(300))")
                let size = ["-o", "/dev/null", "-w", "%{size_download}"]
                #expect(try await curl(node, "/bytes/3000000", size[0], size[1], size[2], size[3]) == "3000000")
                #expect(try await curl(node, "/chunked/3000000", size[0], size[1], size[2], size[3]) == "3000000")
                let cut = try await curl(node, "/truncate/1000", "-o", "/dev/null", "-w", "%{exitcode}")
                #expect(cut != "0", "a body that is cut off must not look complete")
            }
            #expect(try await curl(front, "/echo").contains("Via: 2.0 sluice, 2.0 sluice"))
        }

        @Test("a body or head that is too large is refused, and the connection goes on")
        func bounds() async throws {
            let raw = try RawHTTP2(port: node.port)
            // POST, with a content-length of 5 MB; then one without, and more than 4 MiB of body.
            let announced: [UInt8] = [0x83, 0x86, 0x84, 0x41, 0x01, 0x61, 0x0F, 0x0D, 0x07] + Array("5000000".utf8)
            try raw.send(type: 1, flags: 4, stream: 1, announced)
            let refusal = String(decoding: try raw.read(type: 0).payload, as: UTF8.self)
            #expect(refusal.contains("\"status\":413"), "\(refusal)")
            #expect(try raw.resetCode() == 0, "answered in full, so the rest is not wanted")
            try raw.send(type: 1, flags: 5, stream: 3, RawHTTP2.get)
            #expect(try raw.read(type: 1).stream == 3)
            let head = "X-Large: " + String(repeating: "y", count: 9000)
            #expect(try await curl(node, "/", "-H", head, "-o", "/dev/null", "-w", "%{http_code}") == "431")
        }

        @Test("many requests share few connections to an upstream that speaks HTTP/2")
        func multiplexing() async throws {
            let front = try await Node(Self.configuration("h2c://127.0.0.1:\(node.port)"), name: "front")
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 {
                    group.addTask { try request("/delay/200", port: front.port).status }
                }
                for try await status in group { #expect(status == 200) }
            }
            // Five streams each; two workers.
            #expect(try front.metric("sluice_upstream_connections") <= 8)
        }

        @Test("the response of a stopped upstream connection is an error, and the next one is connected anew")
        func goAway() async throws {
            let front = try await Node(Self.configuration("h2c://127.0.0.1:\(node.port)"), name: "front")
            #expect(try request("/", port: front.port).status == 200)
            try await node.kill9()
            #expect(try request("/", port: front.port).status == 502)
            try await node.start()
            #expect(try request("/", port: front.port).status == 200)
        }

        @Test("a request that breaks the rules of RFC 9113 §8 costs its stream only")
        func malformed() throws {
            let raw = try RawHTTP2(port: node.port)
            let cases: [(name: String, block: [UInt8])] = [
                ("upper case", RawHTTP2.get + [0x00, 0x01, 0x58, 0x01, 0x79]),
                ("connection field", RawHTTP2.get + [0x00, 0x0A] + Array("connection".utf8) + [0x01, 0x61]),
                ("no path", [0x82, 0x86, 0x41, 0x01, 0x61]),
                ("two methods", [0x82] + RawHTTP2.get),
                ("space in the path", [0x82, 0x86, 0x04, 0x03, 0x2F, 0x20, 0x62, 0x41, 0x01, 0x61]),
                ("line end in a value", RawHTTP2.get + [0x00, 0x01, 0x78, 0x03, 0x61, 0x0D, 0x0A]),
                ("other host", RawHTTP2.get + [0x00, 0x04, 0x68, 0x6F, 0x73, 0x74, 0x01, 0x62]),
            ]
            var stream = 1
            for (name, block) in cases {
                try raw.send(type: 1, flags: 5, stream: stream, block)
                #expect(try raw.resetCode() == 1, "\(name)")
                stream += 2
            }
            try raw.send(type: 1, flags: 5, stream: stream, RawHTTP2.get)
            #expect(try raw.read(type: 1).stream == stream)
        }

        @Test(
            "a frame on a stream that is over ends the connection (RFC 9113 §5.1)",
            arguments: ["data after reset", "head after reset", "data after end", "head after end", "left out"])
        func over(_ kind: String) throws {
            let raw = try RawHTTP2(port: node.port)
            if kind == "left out" {
                try raw.send(type: 1, flags: 5, stream: 5, RawHTTP2.get)
                try raw.send(type: 1, flags: 5, stream: 3, RawHTTP2.get)
                return #expect(try raw.goAwayCode() == 1)
            }
            try raw.send(type: 1, flags: kind.hasSuffix("reset") ? 4 : 5, stream: 1, RawHTTP2.get)
            if kind.hasSuffix("reset") {
                try raw.send(type: 3, stream: 1, [0, 0, 0, 8])
            } else {
                while try raw.read(type: 0).flags & 1 == 0 {}
            }
            let isHead = kind.hasPrefix("head")
            try raw.send(type: isHead ? 1 : 0, flags: 5, stream: 1, isHead ? RawHTTP2.get : [0x78])
            #expect(try raw.goAwayCode() == 5)
        }

        @Test(
            "a flood ends its own connection with ENHANCE_YOUR_CALM, and no other",
            arguments: [
                "rapid reset", "ping", "settings", "empty data", "made you reset", "header bomb", "continuation",
            ])
        func floods(_ kind: String) throws {
            let bystander = try RawHTTP2(port: node.port)
            let raw = try RawHTTP2(port: node.port)
            var bytes: [UInt8] = []
            if kind == "empty data" { bytes += RawHTTP2.frame(type: 1, flags: 4, stream: 1, RawHTTP2.get) }
            for index in 0..<3000 {
                let stream = 2 * index + 1
                switch kind {
                case "rapid reset":
                    bytes += RawHTTP2.frame(type: 1, flags: 5, stream: stream, RawHTTP2.get)
                    bytes += RawHTTP2.frame(type: 3, stream: stream, [0, 0, 0, 8])
                case "ping": bytes += RawHTTP2.frame(type: 6, stream: 0, [0, 0, 0, 0, 0, 0, 0, 1])
                case "settings": bytes += RawHTTP2.frame(type: 4, stream: 0)
                case "empty data": bytes += RawHTTP2.frame(type: 0, stream: 1)
                case "made you reset":
                    bytes += RawHTTP2.frame(type: 1, flags: 5, stream: stream, [0x82] + RawHTTP2.get)
                case "continuation":
                    // A head that never ends; each piece has a field that is not too large by itself.
                    let field: [UInt8] = [0x00, 0x01, 0x78, 0x7F, 0x81, 0x06] + [UInt8](repeating: 0x61, count: 896)
                    bytes +=
                        index == 0
                        ? RawHTTP2.frame(type: 1, flags: 1, stream: 1, RawHTTP2.get)
                        : RawHTTP2.frame(type: 9, stream: 1, field)
                default:
                    // One field of 4 KB into the dynamic table, and then a byte for each repetition.
                    guard index == 0 else { continue }
                    let field: [UInt8] = [0x40, 0x01, 0x78, 0x7F, 0x81, 0x1E] + [UInt8](repeating: 0x61, count: 4000)
                    bytes += RawHTTP2.frame(
                        type: 1, flags: 5, stream: 1, RawHTTP2.get + field + [UInt8](repeating: 0xBE, count: 10_000))
                }
            }
            // The node may have hung up before all is sent.
            try? raw.connection.send(bytes)
            #expect(try raw.goAwayCode() == 11)
            try bystander.send(type: 1, flags: 5, stream: 1, RawHTTP2.get)
            #expect(try bystander.read(type: 1).stream == 1)
            #expect(try node.metric("sluice_http2_floods_total") == 1)
        }

        @Test("a client that opens no window costs its streams a time, and the node no more than their first bytes")
        func zeroWindow() async throws {
            let node = try await Node(
                """
                access_log: { path: off }
                limits: { idle_timeout: 500ms }
                upstreams: { app: { targets: ["\(upstream.url)"], breaker: off } }
                routes: [{ match: { path: "/**" }, upstream: app }]

                """)
            let raw = try RawHTTP2(port: node.port)
            // SETTINGS_INITIAL_WINDOW_SIZE of 0; then GET /bytes/3000000 on 50 streams, and nothing more.
            try raw.send(type: 4, stream: 0, [0, 4, 0, 0, 0, 0])
            let path = Array("/bytes/3000000".utf8)
            let head: [UInt8] = [0x82, 0x86, 0x04, UInt8(path.count)] + path + [0x41, 0x01, 0x61]
            for index in 0..<50 { try raw.send(type: 1, flags: 5, stream: 2 * index + 1, head) }
            var ended: Set<Int> = []
            while ended.count < 50 {
                let frame = try raw.read()
                #expect(frame.type != 0 || frame.payload.isEmpty, "no byte of a body without a window")
                if frame.type == 3 { ended.insert(frame.stream) }
                if frame.type == 7 { break }
            }
            let size = try await ChildProcess.run("ps", ["-o", "rss=", "-p", "\(node.pid)"]).standardOutput
            let kilobytes = Int(size.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
            #expect(kilobytes > 0 && kilobytes < 150_000, "50 bodies of 3 MB were not taken in: \(kilobytes) KB")
            #expect(try request("/", port: node.port).status == 200)
        }
    }
}
