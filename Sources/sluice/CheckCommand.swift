import ArgumentParser
import Configuration
import Foundation
import Gateway

/// `sluice check`: all errors of a configuration at once.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Validate a configuration: all errors at once, with their places; exit status 1 if there are any.",
        discussion: "Example: sluice check gateway.yaml")

    @Argument(help: "The configuration file.")
    var file: String

    func run() throws {
        do {
            let configuration = try GatewayConfiguration.load(
                path: file, environment: ProcessInfo.processInfo.environment)
            try GatewayNode.validate(configuration)
            let routes = Self.counted(configuration.routes.count, "route")
            print("\(file): ok (\(routes), \(Self.counted(configuration.upstreams.count, "upstream")))")
        } catch {
            throw fail("\(error)")
        }
    }

    private static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}
