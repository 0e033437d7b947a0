import ArgumentParser
import Foundation

/// A command as its parser describes it: for the manual and for suggestions, so that neither has to be written twice.
struct CommandInfo: Decodable {
    struct Argument: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String

            /// As it is typed.
            var text: String { (kind == "long" ? "--" : "-") + name }
        }

        let kind: String
        let shouldDisplay: Bool
        let isOptional: Bool
        let isRepeating: Bool
        let names: [Name]?
        let preferredName: Name?
        let valueName: String?
        let defaultValue: String?
        let abstract: String?

        /// `--redis <url>`, `<file>`.
        var usage: String {
            let value = valueName.map { "<\($0)>" } ?? ""
            let text =
                switch kind {
                case "positional": value
                case "flag": preferredName?.text ?? ""
                default: "\(preferredName?.text ?? "") \(value)"
                }
            return isRepeating ? text + " ..." : text
        }
    }

    let commandName: String
    let shouldDisplay: Bool?
    let abstract: String?
    let discussion: String?
    let defaultSubcommand: String?
    let subcommands: [CommandInfo]?
    let arguments: [Argument]?

    /// Those that users are told of.
    var visibleSubcommands: [CommandInfo] {
        (subcommands ?? []).filter { $0.shouldDisplay != false && $0.commandName != "help" }
    }
    var visibleArguments: [Argument] { (arguments ?? []).filter(\.shouldDisplay) }

    /// Less those that every command has.
    var documentedArguments: [Argument] {
        visibleArguments.filter { !["help", "version"].contains($0.preferredName?.name) }
    }

    /// Of a whole program.
    static func of(_ command: any ParsableCommand.Type) throws -> CommandInfo {
        struct Dump: Decodable { let command: CommandInfo }
        return try JSONDecoder().decode(Dump.self, from: Data(command._dumpHelp().utf8)).command
    }

    /// The command that a command line gets to, and what it is called.
    func descend(_ words: [String]) -> (path: [String], command: CommandInfo) {
        var (path, command) = ([commandName], self)
        for word in words {
            guard let next = command.subcommands?.first(where: { $0.commandName == word }) else { break }
            path.append(word)
            command = next
        }
        return (path, command)
    }
}
