import ArgumentParser
import Gateway

#if canImport(Glibc)
    import Glibc
#endif

/// `sluice limits watch`: the list, again and again.
struct LimitsWatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show the buckets every second, until Ctrl-C.",
        discussion: """
            On a terminal the screen is redrawn; elsewhere the lists follow each other, and JSON comes in lines.

            Examples:
              sluice limits watch --policy users.consumer
              sluice limits watch --subject acme --count 10 --json
            """)

    @OptionGroup var selection: LimitsSelection

    @Option(help: "End after so many times; by default never.")
    var count: Int?

    @OptionGroup var state: SharedStateOptions

    /// Home, and clear what was there: not the whole screen first, which would flicker.
    private static let home = "\u{1B}[H"
    private static let clearScreen = "\u{1B}[2J"
    private static let clearLine = "\u{1B}[K"
    private static let clearRest = "\u{1B}[J"

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count \(count): expected at least 1") }
    }

    func run() async throws {
        let isTerminal = isatty(STDOUT_FILENO) == 1 && !state.json
        try await state.run("sluice limits watch") { access in
            if isTerminal { Output.write(Self.clearScreen) }
            var shown = 0
            while true {
                let page = try await LimitsPage(selection, access)
                if state.json {
                    try Output.write(json: page.json, isPretty: false)
                } else {
                    Output.write(isTerminal ? Self.redrawing(page.text) : shown == 0 ? page.text : "\n" + page.text)
                }
                shown += 1
                if let count, shown >= count { return }
                try await Task.sleep(for: .seconds(1))
            }
        }
    }

    private static func redrawing(_ text: String) -> String {
        home + text.replacing("\n", with: clearLine + "\n") + clearRest
    }
}
