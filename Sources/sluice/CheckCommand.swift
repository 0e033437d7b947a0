import ArgumentParser
import Configuration
import Foundation
import Gateway

/// `sluice check`: all errors of a configuration at once.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Validate a configuration: all errors at once, with their places; exit status 1 if there are any.",
        discussion: """
            Examples:
              sluice check gateway.yaml
              sluice check gateway.yaml --json | jq '.problems[].message'
            """)

    @Argument(help: "The configuration file.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        do {
            let configuration = try GatewayConfiguration.load(
                path: file, environment: ProcessInfo.processInfo.environment)
            try GatewayNode.validate(configuration)
            let (routes, upstreams) = (configuration.routes.count, configuration.upstreams.count)
            if json { return try Output.write(json: CheckJSON(routes: routes, upstreams: upstreams)) }
            print("\(file): ok (\(Self.counted(routes, "route")), \(Self.counted(upstreams, "upstream")))")
        } catch {
            guard json else { throw fail("\(error)") }
            try Output.write(json: CheckJSON(error))
            throw ExitCode.failure
        }
    }

    private static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}

/// A check as `--json` prints it.
private struct CheckJSON: Encodable {
    struct Problem: Encodable {
        let line: Int?
        let column: Int?
        let path: String
        let message: String
        let hint: String?
    }

    let ok: Bool
    var routes: Int?
    var upstreams: Int?
    var problems: [Problem] = []

    init(routes: Int, upstreams: Int) {
        ok = true
        (self.routes, self.upstreams) = (routes, upstreams)
    }

    init(_ error: any Error) {
        ok = false
        if let invalid = error as? InvalidConfiguration {
            problems = invalid.problems.map {
                Problem(line: $0.line, column: $0.column, path: $0.path, message: $0.message, hint: $0.hint)
            }
        } else {
            let place = (error as? SnapshotFailure)?.place ?? ""
            problems = [
                Problem(
                    line: nil, column: nil, path: place, message: (error as? SnapshotFailure)?.reason ?? "\(error)",
                    hint: nil)
            ]
        }
    }
}
