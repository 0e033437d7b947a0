import Testing

@testable import Transcoding

@Suite("Annotated services")
struct TranscodedServiceTests {
    private func call(
        _ method: String, _ path: String, query: String = "", body: String = ""
    ) throws -> (path: String, message: String)? {
        let set = try Fixture.library()
        guard let match = try TranscodedService(set).match(method: method, path: bytes(path)) else { return nil }
        let message = try match.method.request(captures: match.captures, query: bytes(query), body: bytes(body))
        let type = set.schema.messages[match.method.input].name
        return (match.method.path, try Fixture.print(message, as: type))
    }

    @Test(
        "the rule that fits best is called with the fields of path, query and body",
        arguments: [
            (
                "GET", "/v1/shelves/1/books/2", "verbose=true", "", "GetBook",
                #"{"name":"shelves/1/books/2","verbose":true}"#
            ),
            ("GET", "/v1/books/x", "mask=a,bC", "", "GetBook", #"{"name":"x","mask":"a,bC"}"#),
            (
                "GET", "/v1/shelves/1/books",
                "page_size=5&pageToken=a%26b+c&genres=POETRY&genres=1&author.born=-3&author.givenName=A&since=2026-01-01T00:00:00Z&lent=false",
                "", "ListBooks",
                #"{"parent":"shelves/1","pageSize":5,"pageToken":"a&b c","genres":["POETRY","FICTION"],"author":{"givenName":"A","born":-3},"since":"2026-01-01T00:00:00Z","lent":false}"#
            ),
            ("POST", "/v1/books", "", #"{"name":"a","pages":"7"}"#, "CreateBook", #"{"name":"a","pages":"7"}"#),
            (
                "PATCH", "/v1/shelves/1/books/2", "updateMask=title", #"{"name":"mine","title":"t"}"#, "UpdateBook",
                #"{"book":{"name":"shelves/1/books/2","title":"t"},"updateMask":"title"}"#
            ),
            ("DELETE", "/v1/archive/a/b", "", "", "DeleteBook", #"{"name":"archive/a/b"}"#),
            ("POST", "/v1/shelves/1/books/2:lend", "", "", "LendBook", #"{"name":"shelves/1/books/2"}"#),
            ("PURGE", "/v1/books", "name=x", "", "PurgeBooks", #"{"name":"x"}"#),
            ("GET", "/v1/shelves/1/books:watch", "", "", "WatchBooks", #"{"parent":"shelves/1"}"#),
        ])
    func calls(
        _ method: String, _ path: String, _ query: String, _ body: String, _ name: String, _ message: String
    ) throws {
        let call = try #require(try call(method, path, query: query, body: body))
        #expect(call.path == "/library.v1.Library/\(name)")
        #expect(call.message == message)
    }

    @Test(
        "what has no place in the message is refused",
        arguments: [
            ("GET", "/v1/books/x", "color=red", ""), ("GET", "/v1/books/x", "name=y", ""),
            ("GET", "/v1/books/x", "", "{}"), ("GET", "/v1/books/x", "verbose=1", ""),
            ("GET", "/v1/books/x", "verbose=true&verbose=true", ""), ("GET", "/v1/books/x", "mask.paths.x=1", ""),
            ("GET", "/v1/shelves/1/books", "pageSize=x", ""), ("GET", "/v1/shelves/1/books", "pageSize=%", ""),
            ("GET", "/v1/shelves/1/books", "pageSize=%FF", ""), ("GET", "/v1/shelves/1/books", "author=x", ""),
            ("GET", "/v1/shelves/1/books", "labels=x", ""),
            ("GET", "/v1/shelves/1/books", "page_size=1&pageSize=2", ""),
            ("POST", "/v1/books", "title=x", "{}"), ("POST", "/v1/books", "", "{"), ("POST", "/v1/books", "", "[]"),
            ("PATCH", "/v1/shelves/1/books/2", "book.title=x", "{}"),
            ("PATCH", "/v1/shelves/1/books/2", "", #"{"pages":"x"}"#),
        ])
    func refusals(_ method: String, _ path: String, _ query: String, _ body: String) {
        let failure = #expect(throws: TranscodingFailure.self) {
            try self.call(method, path, query: query, body: body)
        }
        #expect(failure?.side == .request)
    }

    @Test("unknown query parameters are skipped where that is wanted")
    func ignoredQuery() throws {
        var options = TranscodingOptions()
        options.ignoresUnknownQuery = true
        let service = try TranscodedService(try Fixture.library(), options: options)
        let match = try #require(service.match(method: "GET", path: bytes("/v1/books/x")))
        let message = try match.method.request(captures: match.captures, query: bytes("utm=1"), body: [])
        #expect(try Fixture.print(message, as: "library.v1.GetBookRequest") == #"{"name":"x"}"#)
    }

    @Test("a path without a rule is told from a method without one")
    func misses() throws {
        let service = try TranscodedService(try Fixture.library(), services: ["library.v1.Library"])
        #expect(service.match(method: "PUT", path: bytes("/v1/books")) == nil)
        #expect(service.allowedMethods(path: bytes("/v1/books")) == ["POST", "PURGE"])
        #expect(service.allowedMethods(path: bytes("/v2")) == [])
        #expect(throws: DescriptorFailure.self) { try TranscodedService(try Fixture.library(), services: ["a.B"]) }
    }

    @Test("response_body prints the one field")
    func responseBody() throws {
        let service = try TranscodedService(try Fixture.library())
        let match = try #require(service.match(method: "GET", path: bytes("/v1/shelves/1/books")))
        let answer = try Fixture.encode(
            #"{"books":[{"name":"a"},{}],"nextPageToken":"x"}"#, as: "library.v1.ListBooksResponse")
        #expect(text(try match.method.response(answer[...])) == #"[{"name":"a"},{}]"#)
        #expect(text(try match.method.response([])) == "[]")
    }

    @Test("a route's own mapping takes path, query and body together")
    func ownMapping() throws {
        let method = try TranscodedMethod(
            "library.v1.Library/UpdateBook", parameters: ["book.name"], in: try Fixture.library())
        let message = try method.request(
            captures: [PathTemplate.Capture("book.name", "n")], query: bytes("updateMask=title"),
            body: bytes(#"{"book":{"title":"t","name":"other"}}"#))
        #expect(
            try Fixture.print(message, as: "library.v1.UpdateBookRequest")
                == #"{"book":{"name":"n","title":"t"},"updateMask":"title"}"#)
        #expect(method.path == "/library.v1.Library/UpdateBook")
    }

    @Test(
        "a mapping that can't work is refused when it is loaded",
        arguments: [
            ("library.v1.Library/Nothing", []), ("library.v1.Library/GetBook", ["title"]),
            ("library.v1.Library/UpdateBook", ["book"]), ("library.v1.Library/Echo", ["strings"]),
            ("library.v1.Library/UploadBooks", []),
        ] as [(String, [String])])
    func wrongMappings(method: String, parameters: [String]) {
        #expect(throws: DescriptorFailure.self) {
            try TranscodedMethod(method, parameters: parameters, in: try Fixture.library())
        }
    }

    @Test("messages and texts longer than the bound are refused, either way")
    func sizes() throws {
        var options = TranscodingOptions()
        options.maximumMessageBytes = 64
        let method = try TranscodedMethod(
            "library.v1.Library/CreateBook", parameters: [], in: try Fixture.library(), options: options)
        let long = String(repeating: "a", count: 80)
        #expect(throws: TranscodingFailure.self) {
            try method.request(captures: [], query: [], body: bytes(#"{"title":"\#(long)"}"#))
        }
        #expect(throws: TranscodingFailure.self) {
            try method.request(captures: [], query: bytes("title=\(long)"), body: [])
        }
        #expect(throws: TranscodingFailure.self) { try method.response([UInt8](repeating: 0, count: 65)[...]) }
    }
}
