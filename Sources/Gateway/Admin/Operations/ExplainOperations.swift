import Filters
import Foundation
import GatewayCore
import JSON

/// What would become of a request on this node.
enum ExplainOperations {
    static let all: [AdminOperation] = [
        AdminOperation(
            method: .post, path: "/api/explain", id: "explain",
            summary:
                "Tells what would become of a request: route, why others lost, each step, live limits, breakers, cache.",
            body: AdminBody(
                schema: AdminSchema.object(
                    [
                        "method": AdminSchema.text, "url": AdminSchema.text,
                        "headers": AdminSchema.list(AdminSchema.text), "address": AdminSchema.text,
                        "listener": AdminSchema.text, "as": AdminSchema.text, "certificate": AdminSchema.text,
                    ], required: ["url"])),
            answer: AdminAnswer(
                description: "The explanation, as `sluice explain --json` prints it.",
                schema: AdminSchema.object([
                    "asked": AdminSchema.any, "outcome": AdminSchema.text, "route": AdminSchema.any,
                    "others": AdminSchema.list(AdminSchema.any), "node": AdminSchema.text,
                ])),
            problems: [400: "The body is not as described, or what it describes is no request."]
        ) { request throws(AdminMistake) in try await explain(request) }
    ]

    private static func explain(_ request: AdminRequest) async throws(AdminMistake) -> Reply {
        let asked = try question(request.body)
        let source = request.node.current
        let snapshot = try request.node.snapshot()
        // Without Redis it explains what it can.
        let client = try? await source.cluster?.ask { $0 }
        let shared = client.flatMap { client in source.cluster.map { (client, $0.namespace) } }
        var explanation: Explanation
        do throws(ExplainedRequest.Mistake) {
            explanation = try await Explainer(snapshot, near: source.cache?.near).explain(
                asked, asking: shared.map { ConsumersInRedis($0.0, namespace: $0.1) })
        } catch {
            throw AdminMistake(error.description)
        }
        explanation.node = source.nodeID
        if let shared { await explanation.readLimits(shared.0, namespace: shared.1) }
        guard let text = try? explanation.json() else { throw AdminMistake("it can't be written", status: 500) }
        return Reply(
            status: 200, contentType: "application/json", content: text, lines: "Cache-Control: no-store\r\n")
    }

    private static func question(_ body: [UInt8]) throws(AdminMistake) -> ExplainedRequest {
        guard let value = try? JSONReader.read(body, maximumBytes: 64 * 1024), let object = value.object,
            let url = object["url"]?.string
        else {
            throw AdminMistake(
                "expected a body such as {\"method\": \"GET\", \"url\": \"http://host/path\", \"headers\": []}")
        }
        let headers = object["headers"]?.array?.compactMap(\.string) ?? []
        guard headers.count == object["headers"]?.array?.count ?? 0 else {
            throw AdminMistake("headers is a list of texts such as \"X-Name: value\"")
        }
        return ExplainedRequest(
            method: object["method"]?.string ?? "GET", url: url, headers: headers,
            address: object["address"]?.string ?? "127.0.0.1",
            listener: object["listener"]?.string, as: object["as"]?.string, certificate: object["certificate"]?.string)
    }
}

extension Explanation {
    /// Names in snake case, in the order of the alphabet.
    package func json() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return Array(try encoder.encode(self)) + [0x0A]
    }

    package init(json: [UInt8]) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Explanation.self, from: Data(json))
    }
}
