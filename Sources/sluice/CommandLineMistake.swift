import ArgumentParser
import Configuration
import Foundation

/// What a command line that can't be understood is answered with: what is wrong with it, what may have been meant, and exit
/// status 2.
enum CommandLineMistake {
    static let exitStatus: Int32 = 2

    /// - Returns: what to add to the parser's message, which knows options but not commands; nil: nothing comes near.
    static func suggestion(for message: String, _ words: [String], in program: CommandInfo) -> String? {
        // The parser has seen it itself.
        guard !message.contains("Did you mean") else { return nil }
        let (path, command) = program.descend(words)
        guard let match = message.firstMatch(of: /Unexpected argument '([^']+)'/) else { return nil }
        let names = command.visibleSubcommands.map(\.commandName)
        guard let name = NearestName.of(String(match.1), among: names) else { return nil }
        return "Did you mean '\((path + [name]).joined(separator: " "))'?"
    }

    /// Ends the program as its commands end: 0 done, 1 it failed, 2 it was not understood.
    static func exit(_ error: any Error, _ command: any ParsableCommand.Type) -> Never {
        guard command.exitCode(for: error) == .validationFailure else { command.exit(withError: error) }
        var message = command.fullMessage(for: error)
        let words = Array(CommandLine.arguments.dropFirst())
        if let program = try? CommandInfo.of(command), let hint = suggestion(for: message, words, in: program) {
            var lines = message.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            lines.insert(hint, at: min(1, lines.count))
            message = lines.joined(separator: "\n")
        }
        FileHandle.standardError.write(Data((message + "\n").utf8))
        Foundation.exit(exitStatus)
    }
}
