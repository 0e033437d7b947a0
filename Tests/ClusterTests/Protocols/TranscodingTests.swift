import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("JSON to gRPC, in front of a service of grpcio")
    struct TranscodingTests {
        private let service: GRPCService
        private let node: Node

        init() async throws {
            service = try await GRPCService()
            let descriptors = Peers.libraryDescriptors
            node = try await Node(
                """
                access_log: { path: off }
                upstreams: { library: { targets: ["\(service.url)"], breaker: off } }
                routes:
                  - match: { path: "/v1/**" }
                    grpc: { descriptors: "\(descriptors)" }
                    upstream: library
                  - match: { path: "/events/**", methods: [GET] }
                    grpc: { descriptors: "\(descriptors)", method: library.v1.Library/WatchBooks, stream: sse }
                    upstream: library
                  - match: { path: "/own/{name}", methods: [GET, POST] }
                    grpc: { descriptors: "\(descriptors)", method: library.v1.Library/GetBook, unknown_query: ignore }
                    upstream: library
                  - match: { path: "/cached/{name}" }
                    grpc: { descriptors: "\(descriptors)", method: library.v1.Library/GetBook }
                    cache: {}
                    upstream: library
                  - match: { path: "/echo" }
                    grpc: { descriptors: "\(descriptors)", method: library.v1.Library/Echo }
                    upstream: library

                """)
        }

        private func post(_ target: String, _ body: String, type: String = "application/json") throws -> RawMessage {
            let connection = try RawConnection(port: node.port)
            try connection.sendRequest([
                "POST \(target) HTTP/1.1", "Host: a", "Content-Type: \(type)", "Content-Length: \(body.utf8.count)",
                "Connection: close",
            ])
            try connection.send(Array(body.utf8))
            return try connection.readResponse(to: "POST")
        }

        private func get(_ target: String, method: String = "GET") throws -> RawMessage {
            try request(target, method: method, port: node.port)
        }

        @Test("annotations map path and query to fields, and 64-bit numbers are text")
        func annotations() throws {
            let book = try get("/v1/shelves/1/books/2?verbose=true")
            #expect(book.status == 200 && book.values("Content-Type") == ["application/json"])
            #expect(book.values("x-shelf") == ["7"], "initial metadata are fields")
            #expect(book.json["name"] as? String == "shelves/1/books/2" && book.json["title"] as? String == "verbose")
            #expect(book.json["genre"] as? String == "FICTION")
            #expect(book.json["pages"] as? String == "1152921504606846976")
            #expect(try get("/v1/books/abc").json["name"] as? String == "abc", "an additional binding")
            let list = try get("/v1/shelves/1/books?page_size=2").text
            #expect(list == #"[{"name":"shelves/1/books/0"},{"name":"shelves/1/books/1"}]"#)
            let head = try get("/v1/books/abc", method: "HEAD")
            #expect(head.status == 200 && head.body.isEmpty && head.values("Content-Length") != ["0"])
        }

        @Test("a body is the message, and comes back as it went")
        func bodies() throws {
            let book = #"{"name":"b","author":{"givenName":"Ann","born":1900},"tags":["x","y"],"pages":"5"}"#
            #expect(try post("/v1/books", book).text == book)
            let everything =
                #"{"anInt64":"-9007199254740993","someBytes":"AAEC","counts":{"a":1},"#
                + #""time":"2026-01-02T03:04:05Z","span":"1.500s","structure":{"k":[1,null,true]}}"#
            #expect(try post("/echo", everything).text == everything)
            #expect(try post("/own/x", #"{"verbose":true}"#).json["title"] as? String == "verbose")
        }

        @Test("a stream is a line or an event for each message, and a failure within is its last")
        func streams() throws {
            let lines = try get("/v1/shelves/1/books:watch")
            #expect(lines.values("Content-Type") == ["application/x-ndjson"])
            #expect(lines.text.split(separator: "\n").count == 3)
            let failing = try get("/v1/shelves/1/books:watch?page_token=fail").text.split(separator: "\n")
            #expect(failing.count == 4 && failing[3].contains("RESOURCE_EXHAUSTED") && failing[3].contains("enough"))
            let events = try get("/events/all?parent=p")
            #expect(events.values("Content-Type") == ["text/event-stream"])
            #expect(events.text.hasPrefix("data: {\"name\":\"p/books/0\"}\n\n"))
        }

        @Test("the service's status is the problem's")
        func failures() throws {
            let missing = try get("/v1/books/missing")
            #expect(missing.status == 404 && missing.values("Content-Type") == ["application/problem+json"])
            #expect(missing.json["grpc_status"] as? String == "NOT_FOUND")
            #expect(missing.json["detail"] as? String == "no such book" && missing.json["request_id"] != nil)
            #expect(try get("/v1/books/crash").status == 500)
        }

        @Test("what can't be a message is refused before the service is asked")
        func refusals() throws {
            #expect(try post("/v1/books", "{").status == 400)
            let wrong = try post("/v1/books", #"{"pages":"many"}"#)
            #expect(wrong.status == 400 && (wrong.json["detail"] as? String)?.contains("pages") == true)
            #expect(try post("/v1/books", "<a/>", type: "application/xml").status == 415)
            #expect(try get("/v1/books/abc?color=red").status == 400)
            #expect(try get("/own/abc?color=red").status == 200)
            #expect(try get("/v1/nothing/here").status == 404)
            let method = try get("/v1/books/abc", method: "DELETE")
            #expect(method.status == 405 && method.values("Allow") == ["GET"])
            #expect(try post("/echo", #"{"aString":"\#(String(repeating: "a", count: 5 << 20))"}"#).status == 413)
        }

        @Test("a cache in front keeps the JSON")
        func cached() throws {
            let first = try get("/cached/abc")
            #expect(first.status == 200 && first.values("X-Cache") == ["MISS"], "\(first.text)")
            let second = try get("/cached/abc")
            #expect(second.values("X-Cache") == ["HIT"] && second.text == first.text)
        }

        @Test("descriptors that can't be used are an error of the configuration")
        func configuration() async throws {
            let files = try TemporaryDirectory("descriptors")
            let base = "upstreams: { a: { targets: [\"\(service.url)\"] } }\nroutes:\n"
            let route = "  - { match: { path: /x }, upstream: a, grpc: { descriptors: \"\(Peers.libraryDescriptors)\", "
            try files.write("a.yaml", base + route + "method: library.v1.Library/Nothing } }\n")
            let unknown = try await sluice("check", files.file("a.yaml"))
            #expect(unknown.exit == .exited(1) && unknown.standardError.contains("library.v1.Library/GetBook"))
            try files.write("b.yaml", base + route + "method: library.v1.Library/UploadBooks } }\n")
            let streaming = try await sluice("check", files.file("b.yaml"))
            #expect(streaming.exit == .exited(1) && streaming.standardError.contains("takes a stream"))
        }
    }
}
