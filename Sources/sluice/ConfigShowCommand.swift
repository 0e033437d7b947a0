import ArgumentParser
import Filters
import Gateway

/// `sluice config show`: a revision's text.
struct ConfigShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print a revision as it was pushed; with --json also what is known of it.",
        discussion: """
            Examples:
              sluice config show                     what is live
              sluice config show 7 > gateway.yaml
            """)

    @Argument(help: "A number, the beginning of a digest, live, last-good or candidate.")
    var revision = "live"

    @OptionGroup var state: SharedStateOptions

    func run() async throws {
        try await state.run("sluice config show") { access in
            let revisions = RevisionsInRedis(access.client, namespace: access.namespace)
            let reading = try RevisionName.resolve(revision, in: try await revisions.overview())
            let text = try await revisions.text(of: reading.number) ?? ""
            guard state.json else { return Output.write(text) }
            try Output.write(json: ShownRevision(about: ConfigListJSON.Revision(reading), text: text))
        }
    }
}

private struct ShownRevision: Encodable {
    let about: ConfigListJSON.Revision
    let text: String
}
