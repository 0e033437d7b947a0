import ArgumentParser
import Testing

@testable import sluice

@Suite("The command line")
struct CommandLineTests {
    private func all(_ command: CommandInfo, _ path: [String] = []) -> [(path: String, command: CommandInfo)] {
        let path = path + [command.commandName]
        return [(path.joined(separator: " "), command)] + command.visibleSubcommands.flatMap { all($0, path) }
    }

    private func suggestion(_ words: String...) throws -> String? {
        do {
            _ = try Sluice.parseAsRoot(words)
            return "it was understood"
        } catch {
            return CommandLineMistake.suggestion(
                for: Sluice.fullMessage(for: error), words, in: try CommandInfo.of(Sluice.self))
        }
    }

    @Test("every command says what it is for and shows an example, and every option what it does")
    func help() throws {
        for (path, command) in all(try CommandInfo.of(Sluice.self)) {
            #expect(command.abstract?.isEmpty == false, "\(path)")
            #expect(command.discussion?.contains(path.split(separator: " ").first ?? "") == true, "\(path)")
            #expect(
                command.discussion?.contains("Example") == true || command.commandName == "sluice",
                "\(path) has no example")
            for argument in command.visibleArguments where argument.preferredName?.name != "help" {
                #expect(argument.abstract?.isEmpty == false, "\(path) \(argument.usage)")
            }
        }
    }

    @Test("a slip of the fingers is answered with what was meant")
    func suggestions() throws {
        #expect(try suggestion("nods") == "Did you mean 'sluice nodes'?")
        #expect(try suggestion("config", "pusch") == "Did you mean 'sluice config push'?")
        #expect(try suggestion("limits", "--polcy", "x") == nil, "the parser knows its options")
        #expect(try suggestion("something-else-entirely") == nil)
    }

    @Test("the manual names every command, and no line begins with what the formatter would take for an order")
    func manual() throws {
        let program = try CommandInfo.of(Sluice.self)
        let page = ManualPage(program, version: "1").text
        for (path, _) in all(program).dropFirst() {
            #expect(page.contains(".SS \"\(ManualPage.escaped(path))\""), "\(path)")
        }
        let macros = [".TH", ".SH", ".SS", ".TP", ".PP", ".nf", ".fi", ".B ", ".I ", ".RI "]
        for line in page.split(separator: "\n") where line.hasPrefix(".") || line.hasPrefix("'") {
            #expect(macros.contains { line.hasPrefix($0) }, "\(line)")
        }
        #expect(page.contains("EXIT STATUS"))
    }
}
