import Testing

@testable import Policies

@Suite("What templates of an aggregation refer to")
struct AggregationScopeTests {
    private let scope: AggregationScope

    init() throws { scope = AggregationScope(steps: ["order", "user"], path: try PathPattern("/orders/{id}/**")) }

    @Test("steps with paths into their answers, elements, and all that a request has")
    func references() throws {
        let template = try scope.withItem.template(
            "{order}{user.address.0.zip}{item}{item.id}{index}{id}{claims.sub}{header.X-A | lower}")
        #expect(
            template.references.prefix(6) == [
                .step(0, path: []), .step(1, path: ["address", "0", "zip"]), .item(path: []), .item(path: ["id"]),
                .index, .request(.segment(1)),
            ])
        #expect(try scope.template("{order}").onlyReference == .step(0, path: []))
        #expect(try scope.template("a{order}").onlyReference == nil)
    }

    @Test(
        "what refers to nothing is told with what there is",
        arguments: [
            ("{ordr.id}", "{ordr.id} is unknown here: there is no step \"ordr\""),
            ("{item.id}", "{item.id} is about an element of a list, and this is not made for each of one"),
            ("{order..id}", "{order..id} has an empty name in it"), ("{order", "the brace is not closed"),
        ])
    func unknown(text: String, reason: String) {
        let problem = #expect(throws: TemplateProblem.self) { try scope.template(text) }
        #expect(problem?.reason == reason)
    }
}
