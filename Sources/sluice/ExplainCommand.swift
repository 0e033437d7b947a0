import ArgumentParser
import Configuration
import Filters
import Foundation
import Gateway
import JSON

/// `sluice explain`: what would become of a request, and why.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Tell what would become of a request: its route, why others lost, and every step it would take.",
        discussion: """
            Nothing is sent and nothing is counted. By a file, or by a running node, which also knows what is left of the limits, \
            its breakers, what its cache holds and the keys of providers. Credentials are checked as a node checks them; where one \
            would ask a service, the step says which, and --as tells for whom to go on.

            Examples:
              sluice explain GET http://api.example.com/users/7 --config gateway.yaml
              sluice explain PUT /users/7 -H "X-API-Key: $KEY" --admin http://127.0.0.1:9901
              sluice explain GET /orders/1 --as acme --config gateway.yaml --redis redis://127.0.0.1:6379/0
            """)

    @Argument(help: "The method, such as GET.")
    var method: String

    @Argument(help: "The URL, or only its path.")
    var url: String

    @Option(
        name: [.customShort("H"), .long],
        help: ArgumentHelp("A header field; may be given again.", valueName: "name: value"))
    var header: [String] = []

    @Option(help: "The client's address.")
    var address = "127.0.0.1"

    @Option(help: ArgumentHelp("The listener it comes to, where a gateway has its own.", valueName: "host:port"))
    var listener: String?

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp("Take the caller for this consumer, whatever credential there is.", valueName: "consumer"))
    var consumer: String?

    @Option(
        help: ArgumentHelp(
            "The client's certificate, in PEM, as it shows it to a listener with mTLS.", valueName: "file"))
    var certificate: String?

    @Option(help: ArgumentHelp("Explain by this configuration.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("Ask this node; its token is in SLUICE_ADMIN_TOKEN.", valueName: "url"))
    var admin: String?

    @Option(
        help: ArgumentHelp(
            "With --config: look up consumers, keys, plans and what is left of limits in this Redis.", valueName: "url")
    )
    var redis: String?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (config == nil) != (admin == nil) else {
            throw ValidationError("Say what explains it: --config FILE, or --admin http://127.0.0.1:9901.")
        }
        guard redis == nil || config != nil else {
            throw ValidationError("--redis goes with --config FILE; a node asks its own Redis.")
        }
    }

    func run() async throws {
        let explanation: Explanation
        do {
            let asked = ExplainedRequest(
                method: method.uppercased(), url: url, headers: header, address: address, listener: listener,
                as: consumer, certificate: try certificate.map { try String(contentsOfFile: $0, encoding: .utf8) })
            explanation = if let admin { try await ask(admin, asked) } else { try await byFile(asked) }
        } catch {
            throw fail("sluice explain: \(error)")
        }
        if json { return Output.write(String(decoding: try explanation.json(), as: UTF8.self)) }
        Output.write(ExplanationText(explanation).text)
    }

    private func byFile(_ asked: ExplainedRequest) async throws -> Explanation {
        let configuration = try GatewayConfiguration.load(
            path: config ?? "", environment: ProcessInfo.processInfo.environment)
        guard let redis else { return try await Explainer(configuration).explain(asked) }
        var state = configuration.state
        state.redis = try RedisEndpoint(text: redis)
        return try await SharedStateAccess.run(state) { access in
            let shared = ConsumersInRedis(access.client, namespace: access.namespace)
            var explanation = try await Explainer(configuration).explain(asked, asking: shared)
            await explanation.readLimits(access.client, namespace: access.namespace)
            return explanation
        }
    }

    private func ask(_ admin: String, _ asked: ExplainedRequest) async throws -> Explanation {
        let token = ProcessInfo.processInfo.environment["SLUICE_ADMIN_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
        let client = try AdminClient(admin, token: token)
        var members: [(String, JSONValue)] = [
            ("method", .string(asked.method)), ("url", .string(asked.url)),
            ("headers", .array(asked.headers.map { .string($0) })), ("address", .string(asked.address)),
        ]
        for (name, value) in [
            ("listener", asked.listener), ("as", asked.consumer), ("certificate", asked.certificate),
        ] {
            if let value { members.append((name, .string(value))) }
        }
        let question = JSONValue(members: members)
        let (status, body) = try await client.post("/api/explain", json: JSONWriter.write(question))
        guard status == 200 else {
            let detail = (try? JSONReader.read(body))?.object?["detail"]?.string ?? "status \(status)"
            throw AdminFailure(description: "\(admin): \(detail)")
        }
        return try Explanation(json: body)
    }

    private struct AdminFailure: Error, CustomStringConvertible {
        let description: String
    }
}
