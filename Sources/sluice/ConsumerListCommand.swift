import ArgumentParser
import Filters
import Gateway

/// `sluice consumer list`: all that Redis holds.
struct ConsumerListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show the consumers in Redis, by their ids.",
        discussion: """
            Those of the configuration are not here.

            Example: sluice consumer list --limit 500 --json
            """)

    @Option(help: "How many to show.")
    var limit = 50

    @OptionGroup var state: SharedStateOptions

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit \(limit): expected at least 1") }
    }

    func run() async throws {
        try await state.run("sluice consumer list") { access in
            let listing = try await ConsumersInRedis(access.client, namespace: access.namespace).consumers()
            let shown = Array(listing.items.prefix(limit))
            if state.json {
                return try Output.write(json: ["consumers": shown.map { ConsumerJSON($0.consumer, keys: $0.keys) }])
            }
            guard !shown.isEmpty else {
                return Output.write("no consumer in namespace \(access.namespace); sluice consumer create makes one\n")
            }
            Output.write(ConsumersTable.text(shown))
            Output.write(Listing.more(found: listing.items.count, shown: shown.count, isComplete: listing.isComplete))
        }
    }
}

/// `sluice consumer show`: one, with its keys.
struct ConsumerShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a consumer and its keys.",
        discussion: "Example: sluice consumer show acme")

    @OptionGroup var target: ConsumerTarget
    @OptionGroup var state: SharedStateOptions

    private struct Shown: Encodable {
        let consumer: ConsumerJSON
        let keys: [KeyJSON]
    }

    func run() async throws {
        try await state.run("sluice consumer show") { access in
            let consumers = ConsumersInRedis(access.client, namespace: access.namespace)
            let keys = try await consumers.keys(of: target.id).items
            let record = try await consumers.consumer(target.id)
            guard record != nil || !keys.isEmpty else {
                throw try await target.absence("sluice consumer show", consumers, access)
            }
            let shown = record ?? ConsumerRecord(id: target.id)
            if state.json {
                let json = Shown(
                    consumer: ConsumerJSON(shown, keys: keys.count), keys: keys.map { KeyJSON($0) })
                return try Output.write(json: json)
            }
            Output.write(ConsumersTable.text([.init(consumer: shown, keys: keys.count)]))
            if record == nil { Output.write("  not in Redis; its keys are good if the configuration has it\n") }
            if !keys.isEmpty { Output.write("\n" + KeysTable.text(keys)) }
        }
    }
}

enum Listing {
    /// What a list says of what it does not show.
    static func more(found: Int, shown: Int, isComplete: Bool) -> String {
        var text = found > shown ? "\(found - shown) more; --limit shows them\n" : ""
        if !isComplete { text += "only \(ConsumersInRedis.most) were looked at\n" }
        return text
    }
}
