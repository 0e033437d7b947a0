import ArgumentParser
import Configuration

/// `sluice schema`: for the completion of editors.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of the configuration file.",
        discussion: """
            Example: sluice schema > sluice.schema.json
            and on the first line of the YAML file: # yaml-language-server: $schema=sluice.schema.json
            """)

    func run() { print(JSONSchema.text) }
}
