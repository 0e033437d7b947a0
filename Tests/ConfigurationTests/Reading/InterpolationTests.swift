import Testing

@testable import Configuration

@Suite("Variables in values")
struct InterpolationTests {
    private let environment = ["A": "one", "EMPTY": "", "YAML": "x, weight: 7 }"]

    @Test(
        "are replaced",
        arguments: [
            ("${A}", "one"), ("<${A}${A}>", "<oneone>"), ("${B:-two}", "two"), ("${A:-two}", "one"),
            ("${EMPTY}", ""), ("${EMPTY:-two}", "two"), ("${B:-}", ""), ("$${A}", "${A}"), ("$A $ 5", "$A $ 5"),
            ("/users/{id}", "/users/{id}"), ("~^a$", "~^a$"),
        ])
    func replaced(text: String, expected: String) throws {
        #expect(try Interpolation.expand(text, environment: environment) == expected)
    }

    @Test("are refused when malformed", arguments: ["${A", "${}", "${1A}", "${A-b}", "${A:b}", "${ A }"])
    func malformed(text: String) {
        #expect(throws: Interpolation.Problem.malformed) {
            try Interpolation.expand(text, environment: environment)
        }
    }

    @Test("that are not set are an error with their place")
    func unset() {
        let text = smallest + "state: { redis: \"${REDIS_URL}\" }\n"
        #expect(
            descriptions(text) == [
                "gateway.yaml:5:17: state.redis: the environment variable REDIS_URL is not set; "
                    + "set it, or write ${REDIS_URL:-default}"
            ])
    }

    @Test("cannot add YAML")
    func injection() {
        let text = """
            upstreams:
              a: { targets: [{ url: "http://a", weight: "${YAML}" }] }
            routes: [{ upstream: a }]
            """
        #expect(
            descriptions(text, environment: environment) == [
                "gateway.yaml:2:45: upstreams.a.targets[0].weight: \"${YAML}\": expected a whole number from 1 to 1000"
            ])
    }

    @Test("may stand where numbers are expected")
    func numbers() throws {
        let text = smallest + "limits: { connections: \"${MAX}\", body: \"${BODY:-1MiB}\" }\n"
        let limits = try parse(text, environment: ["MAX": "7"]).limits
        #expect(limits.connections == 7)
        #expect(limits.bodyBytes == 1 << 20)
    }
}
