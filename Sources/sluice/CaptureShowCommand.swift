import ArgumentParser
import JSON

/// `sluice capture show`: what was captured.
struct CaptureShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what nodes have captured by a rule.",
        discussion: """
            It can be read until 15 minutes after the capture's end. With --json each exchange is a line.

            Examples:
              sluice capture show 3fk20c9a
              sluice capture show 3fk20c9a --admin http://10.0.0.1:9901 --admin http://10.0.0.2:9901
            """)

    @Argument(help: "The capture's id.")
    var id: String

    @OptionGroup var options: AdminOptions

    func run() async throws {
        for node in options.admin {
            var pages = CapturePages(id: id, node: node, options: options)
            do {
                for exchange in try await pages.next() { CaptureText.write(exchange, asJSON: options.json) }
            } catch {
                throw fail("sluice capture show: \(error)")
            }
            if let missed = pages.rule?["missed"]?.number?.integer, missed > 0 {
                remark("\(node) had no room for \(missed) more")
            }
        }
    }
}

/// `sluice capture end`.
struct CaptureEndCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end",
        abstract: "End a capture on all nodes; they forget what they have captured by it.",
        discussion: """
            Examples:
              sluice capture end 3fk20c9a
            """)

    @Argument(help: "The capture's id.")
    var id: String

    @OptionGroup var options: AdminOptions

    func run() async throws {
        do {
            let answer = try await options.call(options.first, "DELETE", "/api/capture/\(id)")
            if options.json {
                return Output.write(String(decoding: JSONWriter.write(.object(answer)), as: UTF8.self) + "\n")
            }
            let others = answer["cluster"] == .bool(true) ? "on all nodes" : "on this node"
            Output.write("\(Table.harmless(id)): ended \(others)\n")
        } catch {
            throw fail("sluice capture end: \(error)")
        }
    }
}
