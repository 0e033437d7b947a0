import ArgumentParser
import Gateway

/// `sluice man`: the manual page, made of what the commands say of themselves.
struct ManCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "man",
        abstract: "Print the manual page, in the language of man(7).",
        discussion: """
            Examples:
              sluice man | man -l -
              sluice man > /usr/local/share/man/man1/sluice.1
            """)

    func run() throws {
        Output.write(try ManualPage(CommandInfo.of(Sluice.self), version: GatewayNode.version).text)
    }
}

extension String {
    fileprivate func padded(to count: Int) -> String {
        String(repeating: "0", count: max(0, count - self.count)) + self
    }
}

/// A manual page in the macros of man(7).
struct ManualPage {
    private(set) var text = ""

    init(_ program: CommandInfo, version: String) {
        let name = program.commandName
        line(".TH \(name.uppercased()) 1 \"\" \"\(name) \(version)\" \"User commands\"")
        section("NAME")
        line("\(name) \\- \(Self.escaped(Self.lowered(program.abstract ?? "")))")
        section("SYNOPSIS")
        line(".B \(name)\n.I command\n.RI [ options ]")
        section("DESCRIPTION")
        prose(program.discussion ?? "")
        section("COMMANDS")
        for command in program.visibleSubcommands { describe(command, [name]) }
        section("ENVIRONMENT")
        for (variable, meaning) in Self.environment { entry(variable, meaning) }
        section("EXIT STATUS")
        for (status, meaning) in Self.statuses { entry(status, meaning) }
        section("SIGNALS")
        line(
            "A node (\\fB\(name) run\\fR) reloads its configuration and reopens its log files on \\fBSIGHUP\\fR, and on"
        )
        line("\\fBSIGTERM\\fR or \\fBSIGINT\\fR finishes the requests that it has and ends with status 0.")
    }

    private static let environment = [
        ("SLUICE_REDIS", "The cluster's Redis, where neither --redis nor --config names it."),
        ("SLUICE_NAMESPACE", "The first part of the cluster's keys; sluice if it is not set."),
        ("SLUICE_WORKERS", "Event loops of a node; one per core if it is not set."),
        ("SLUICE_STATE_DIR", "Where a node that follows its cluster keeps its last good configuration."),
        ("SLUICE_HANDOVER", "The same as --handover of a node."),
    ]

    private static let statuses = [
        ("0", "Done."),
        ("1", "It failed, and the message says why; or what was checked is not as it should be."),
        ("2", "The command line was not understood."),
    ]

    private mutating func describe(_ command: CommandInfo, _ path: [String]) {
        let path = path + [command.commandName]
        let inner = command.visibleSubcommands
        line(".SS \"\(Self.escaped(path.joined(separator: " ")))\"")
        line(Self.escaped(command.abstract ?? ""))
        if inner.isEmpty {
            line(".PP")
            let usage = command.documentedArguments.map { $0.isOptional ? "[\($0.usage)]" : $0.usage }
            line("\\fB\(Self.escaped(path.joined(separator: " ")))\\fR \(Self.escaped(usage.joined(separator: " ")))")
        }
        line(".PP")
        prose(command.discussion ?? "")
        for argument in command.documentedArguments where inner.isEmpty {
            let standard = argument.defaultValue.map { $0.isEmpty ? "" : " (\($0) if not given)" } ?? ""
            entry(argument.usage, (argument.abstract ?? "") + standard)
        }
        for command in inner { describe(command, path) }
    }

    /// Paragraphs as they are; indented lines, which are examples, line by line.
    private mutating func prose(_ text: String) {
        var isExample = false
        for each in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let indented = each.hasPrefix("  ")
            if indented != isExample { line(indented ? ".PP\n.nf" : ".fi") }
            isExample = indented
            line(each.isEmpty ? ".PP" : Self.escaped(String(each)))
        }
        if isExample { line(".fi") }
    }

    private mutating func section(_ title: String) { line(".SH \(title)") }

    private mutating func entry(_ term: String, _ meaning: String) {
        line(".TP\n\\fB\(Self.escaped(term))\\fR\n\(Self.escaped(meaning.isEmpty ? "See above." : meaning))")
    }

    private mutating func line(_ line: String) { text += line + "\n" }

    /// A backslash and a dash mean something to the formatter, and so does a dot or an apostrophe that begins a line.
    static func escaped(_ text: String) -> String {
        var plain = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
        if !plain.utf8.allSatisfy({ $0 < 0x80 }) {
            plain = plain.unicodeScalars.map { scalar in
                scalar.isASCII
                    ? String(scalar) : "\\[u\(String(scalar.value, radix: 16, uppercase: true).padded(to: 4))]"
            }.joined()
        }
        return plain.hasPrefix(".") || plain.hasPrefix("'") ? "\\&" + plain : plain
    }

    private static func lowered(_ text: String) -> String {
        let sentence = text.hasSuffix(".") ? String(text.dropLast()) : text
        return sentence.prefix(1).lowercased() + sentence.dropFirst()
    }
}
