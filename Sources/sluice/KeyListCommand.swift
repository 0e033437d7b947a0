import ArgumentParser
import Filters
import Gateway

/// `sluice key list`: the keys of a consumer, or all.
struct KeyListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the keys of a consumer, or of all: what they are called, never themselves.",
        discussion: """
            Those of the configuration are not here. A key that has ended is listed for another day.

            Examples:
              sluice key list acme
              sluice key list --limit 1000 --json
            """)

    @Argument(help: "A consumer's id; absent: all.")
    var consumer: String?

    @Option(help: "How many to show, the oldest first.")
    var limit = 50

    @OptionGroup var state: SharedStateOptions

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit \(limit): expected at least 1") }
    }

    func run() async throws {
        try await state.run("sluice key list") { access in
            let listing = try await ConsumersInRedis(access.client, namespace: access.namespace).keys(of: consumer)
            let shown = Array(listing.items.prefix(limit))
            if state.json { return try Output.write(json: ["keys": shown.map { KeyJSON($0) }]) }
            guard !shown.isEmpty else {
                let whose = consumer.map { " of \($0)" } ?? ""
                return Output.write(
                    Table.harmless("no key\(whose) in namespace \(access.namespace); sluice key create makes one")
                        + "\n")
            }
            Output.write(KeysTable.text(shown))
            Output.write(Listing.more(found: listing.items.count, shown: shown.count, isComplete: listing.isComplete))
        }
    }
}

/// `sluice key revoke`: no node takes it any more.
struct KeyRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Revoke a key: all nodes refuse it within a second.",
        discussion: """
            Examples:
              sluice key revoke 3f2a9c01b5d7
              pbpaste | sluice key revoke -      a key that was found lying about
            """)

    @OptionGroup var target: KeyTarget
    @OptionGroup var state: SharedStateOptions

    func run() async throws {
        try await state.run("sluice key revoke") { access in
            let consumers = ConsumersInRedis(access.client, namespace: access.namespace)
            let key = try await target.find("sluice key revoke", consumers, access)
            try await consumers.revoke(key)
            if state.json { return try Output.write(json: ["revoked": KeyJSON(key)]) }
            Output.write(Table.harmless("revoked key \(key.id) of \(key.record.consumer)") + "\n")
        }
    }
}
