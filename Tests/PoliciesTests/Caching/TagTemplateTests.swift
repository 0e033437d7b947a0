import Testing

@testable import Policies

@Suite("Tags with parameters of the path")
struct TagTemplateTests {
    private func render(_ path: String, _ text: String = "user-{id}") throws -> String {
        let template = try TagTemplate(text, of: PathPattern("/users/{id}/**"))
        return Array(path.utf8).withUnsafeBufferPointer { template.render($0) }
    }

    @Test("no two values make one tag, and none makes two")
    func escaping() throws {
        #expect(try render("/users/7/x") == "user-7")
        #expect(try render("/users/a,b") == "user-a%2Cb")
        #expect(try render("/users/a%2Cb") == "user-a%252Cb")
        #expect(try render("/users/a=b|{c}\"") == "user-a%3Db%7C%7Bc%7D%22")
        #expect(try render("/users/\u{e9}_") == "user-%C3%A9_")
        #expect(try render("/users") == "user-")
        let all = try (UInt8(0x21)...0x7E).map { try render("/users/\(Character(UnicodeScalar($0)))") }
        #expect(Set(all).count == all.count)
    }

    @Test("a tag is bounded")
    func bound() throws { #expect(try render("/users/" + String(repeating: "x", count: 500)).utf8.count == 200) }

    @Test("filters do what they do in all templates, to the path as it was written")
    func filters() throws {
        #expect(try render("/users/Ab%2FC", "u-{id | lower}") == "u-ab%252fc")
        #expect(try render("/users/Ab%2F", "u-{id | base64url}") == "u-QWIv")
        #expect(try render("/users", "u-{id | default(none)}") == "u-none")
    }

    @Test(
        "what is in the request besides the path's parameters is not in a tag",
        arguments: ["{query.a}", "{rest}", "{no}"])
    func strangers(text: String) { #expect(throws: TemplateProblem.self) { try render("/users/7", text) } }
}
