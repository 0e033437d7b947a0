import ArgumentParser
import Filters
import Foundation
import Gateway

/// `sluice config diff`: what differs between two configurations.
struct ConfigDiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what differs between two revisions, or a revision and a file, as a unified diff.",
        discussion: """
            Nothing is printed if they are the same.

            Examples:
              sluice config diff 6 7
              sluice config diff last-good           against what is live
              sluice config diff live gateway.yaml
            """)

    @Argument(help: "A number, the beginning of a digest, live, last-good, candidate, or a file.")
    var old: String

    @Argument(help: "The same, for what it became.")
    var new = "live"

    @OptionGroup var state: SharedStateOptions

    func run() async throws {
        try await state.run("sluice config diff") { access in
            let revisions = RevisionsInRedis(access.client, namespace: access.namespace)
            let overview = try await revisions.overview()
            let before = try await Self.load(old, revisions, overview)
            let after = try await Self.load(new, revisions, overview)
            let diff = UnifiedDiff(before.text, after.text).text(from: before.name, to: after.name)
            if state.json {
                return try Output.write(json: DiffJSON(from: before.name, to: after.name, diff: diff))
            }
            Output.write(diff)
        }
    }

    private static func load(
        _ name: String, _ revisions: RevisionsInRedis, _ overview: RevisionOverview
    ) async throws -> (name: String, text: String) {
        do {
            let reading = try RevisionName.resolve(name, in: overview)
            return ("revision \(reading.number)", try await revisions.text(of: reading.number) ?? "")
        } catch let unknown as UnknownRevision {
            guard let data = FileManager.default.contents(atPath: name) else { throw unknown }
            return (name, String(decoding: data, as: UTF8.self))
        }
    }
}

private struct DiffJSON: Encodable {
    let from: String
    let to: String
    let diff: String
}
