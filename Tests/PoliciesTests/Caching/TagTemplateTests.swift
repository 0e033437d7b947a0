import HTTPWire
import Testing

@testable import Filters

@Suite("Tags with parameters of the path")
struct TagTemplateTests {
    private func render(_ path: String) -> String {
        let template = TagTemplate([.literal("user-"), .segment(1)])
        return Array(path.utf8).withUnsafeBufferPointer { template.render($0) }
    }

    @Test("no two values make one tag, and none makes two")
    func escaping() {
        #expect(render("/users/7/x") == "user-7")
        #expect(render("/users/a,b") == "user-a%2Cb")
        #expect(render("/users/a%2Cb") == "user-a%252Cb")
        #expect(render("/users/a=b|{c}\"") == "user-a%3Db%7C%7Bc%7D%22")
        #expect(render("/users/\u{e9}_") == "user-%C3%A9_")
        #expect(render("/users") == "user-")
        let all = (UInt8(0x21)...0x7E).map { render("/users/\(Character(UnicodeScalar($0)))") }
        #expect(Set(all).count == all.count)
    }

    @Test("a tag is bounded")
    func bound() { #expect(render("/users/" + String(repeating: "x", count: 500)).utf8.count == 200) }
}
