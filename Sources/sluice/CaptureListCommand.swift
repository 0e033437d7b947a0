import ArgumentParser
import JSON

/// `sluice capture list`: what is being captured.
struct CaptureListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the captures that a node knows, those that have ended lately among them.",
        discussion: """
            Examples:
              sluice capture list
              sluice capture list --admin http://10.0.0.1:9901 --json
            """)

    @OptionGroup var options: AdminOptions

    func run() async throws {
        var table = Table(
            ("NODE", .left), ("CAPTURE", .left), ("ROUTE", .left), ("OF", .left), ("STATE", .left), ("LEFT", .right),
            ("CAPTURED", .right), ("MISSED", .right))
        var count = 0
        for node in options.admin {
            let answer: JSONObject
            do {
                answer = try await options.call(node, "GET", "/api/capture")
            } catch {
                throw fail("sluice capture list: \(error)")
            }
            if options.json {
                Output.write(String(decoding: JSONWriter.write(.object(answer)), as: UTF8.self) + "\n")
                continue
            }
            for rule in (answer["captures"]?.array ?? []).compactMap(\.object) {
                append(rule, node, to: &table)
                count += 1
            }
        }
        if !options.json { Output.write(count == 0 ? "nothing is captured\n" : table.text) }
    }

    private func append(_ rule: JSONObject, _ node: String, to table: inout Table) {
        func text(_ name: String) -> String { rule[name]?.scalarText ?? "" }
        let left = rule["remaining_ms"]?.number?.integer ?? 0
        table.append(
            options.admin.count > 1 ? node : "", text("id"), text("route"),
            [text("method"), text("status")].filter { !$0.isEmpty }.joined(separator: " "), text("state"),
            left > 0 ? TimeText.of(microseconds: left * 1000) : "", "\(text("captured"))/\(text("exchanges"))",
            text("missed"))
    }
}
