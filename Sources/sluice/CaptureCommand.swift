import ArgumentParser
import Foundation
import Gateway
import JSON

/// `sluice capture`: whole requests and responses of a route, for a while.
struct CaptureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "capture",
        abstract: "Capture requests and responses of a route, bodies included, for a while; through the admin API.",
        discussion: """
            Nodes keep what they capture in their memory only, each for itself, and show it on their admin listener. Credentials
            in heads and in queries are hidden; bodies are shown as they are. A capture ends when its time is over (an hour at
            most) or when it has its exchanges (100 at most, of each node). The token of admin listeners is in SLUICE_ADMIN_TOKEN.

            Examples:
              sluice capture users --status errors             show the next ten failures, until Ctrl-C
              sluice capture users --method POST --for 10m --bytes 16KiB
              sluice capture start users --detach              and look later
              sluice capture list
              sluice capture show 3fk20c9a --admin http://10.0.0.1:9901 --admin http://10.0.0.2:9901
              sluice capture end 3fk20c9a
            """,
        subcommands: [
            CaptureStartCommand.self, CaptureListCommand.self, CaptureShowCommand.self, CaptureEndCommand.self,
        ],
        defaultSubcommand: CaptureStartCommand.self)
}

/// How commands find the admin listeners of nodes, and what they print.
struct AdminOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A node's admin listener; may be given again, to ask several.", valueName: "url"))
    var admin: [String] = ["http://127.0.0.1:9901"]

    @Flag(help: "Print JSON.")
    var json = false

    /// The first of them, which changes are sent to; it tells the others of its cluster.
    var first: String { admin.first ?? "" }

    /// Calls a node's admin API.
    /// - Throws: `AdminRefusal` with what the node answered if it was not that it did it; or that it could not be asked.
    func call(
        _ node: String, _ method: String, _ path: String, _ body: JSONValue? = nil
    ) async throws -> JSONObject {
        let token = ProcessInfo.processInfo.environment["SLUICE_ADMIN_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
        let client = try AdminClient(node, token: token)
        let answer = try await client.call(method, path, json: body.map { JSONWriter.write($0) } ?? [])
        let object = (try? JSONReader.read(answer.body, maximumBytes: .max))?.object
        guard (200..<300).contains(answer.status), let object else {
            throw AdminRefusal(
                node: node, status: answer.status, detail: object?["detail"]?.string ?? "status \(answer.status)")
        }
        return object
    }
}

/// What a node would not do.
struct AdminRefusal: Error, CustomStringConvertible {
    let node: String
    let status: Int
    let detail: String
    var description: String { "\(node): \(detail)" }
}
