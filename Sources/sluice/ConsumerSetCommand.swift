import ArgumentParser
import Filters
import Gateway

/// `sluice consumer create`: a new one.
struct ConsumerCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a consumer that does not exist yet.",
        discussion: "Example: sluice consumer create acme --plan gold --scope users.read")

    @OptionGroup var target: ConsumerTarget
    @OptionGroup var terms: ConsumerTerms
    @OptionGroup var state: SharedStateOptions

    func run() async throws {
        try await state.run("sluice consumer create") { access in
            let consumers = ConsumersInRedis(access.client, namespace: access.namespace)
            guard try await consumers.consumer(target.id) == nil else {
                throw fail("sluice consumer create: \(target.id) exists already; sluice consumer set changes it")
            }
            var record = ConsumerRecord(id: target.id)
            (record.plan, record.scopes) = (terms.plan, terms.scopes)
            try await consumers.put(record)
            try await PlanName.warn(record.plan, "sluice consumer create", consumers, state)
            if state.json { return try Output.write(json: ConsumerJSON(record, keys: 0)) }
            Output.write("made \(target.id); give it a key with: sluice key create \(target.id)\n")
        }
    }
}

/// `sluice consumer set`: changes one, or makes it.
struct ConsumerSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change a consumer, or make it.",
        discussion: """
            What is not named stays as it is; scopes are replaced as a whole.

            Examples:
              sluice consumer set acme --plan trial
              sluice consumer set acme --no-plan --no-scopes
            """)

    @OptionGroup var target: ConsumerTarget
    @OptionGroup var terms: ConsumerTerms

    @Flag(name: .customLong("no-plan"), help: "It has no plan any more.")
    var hasNoPlan = false

    @Flag(name: .customLong("no-scopes"), help: "It has no scopes any more.")
    var hasNoScopes = false

    @OptionGroup var state: SharedStateOptions

    func validate() throws {
        if hasNoPlan, terms.plan != nil { throw ValidationError("--plan and --no-plan exclude each other") }
        if hasNoScopes, !terms.scopes.isEmpty { throw ValidationError("--scope and --no-scopes exclude each other") }
    }

    func run() async throws {
        try await state.run("sluice consumer set") { access in
            let consumers = ConsumersInRedis(access.client, namespace: access.namespace)
            let before = try await consumers.consumer(target.id)
            var record = before ?? ConsumerRecord(id: target.id)
            if terms.plan != nil || hasNoPlan { record.plan = terms.plan }
            if !terms.scopes.isEmpty || hasNoScopes { record.scopes = terms.scopes }
            try await consumers.put(record)
            try await PlanName.warn(record.plan, "sluice consumer set", consumers, state)
            let keys = try await consumers.keys(of: target.id).items.count
            if state.json { return try Output.write(json: ConsumerJSON(record, keys: keys)) }
            Output.write(before == nil ? "made:\n" : "changed:\n")
            Output.write(ConsumersTable.text([.init(consumer: record, keys: keys)]))
        }
    }
}

/// `sluice consumer delete`: one goes, with its keys.
struct ConsumerDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a consumer with all of its keys; nodes refuse them at once.",
        discussion: "Example: sluice consumer delete acme")

    @OptionGroup var target: ConsumerTarget
    @OptionGroup var state: SharedStateOptions

    func run() async throws {
        try await state.run("sluice consumer delete") { access in
            let consumers = ConsumersInRedis(access.client, namespace: access.namespace)
            guard let keys = try await consumers.deleteConsumer(target.id) else {
                throw try await target.absence("sluice consumer delete", consumers, access)
            }
            if state.json { return try Output.write(json: ["id": target.id, "deleted_keys": "\(keys)"]) }
            Output.write("deleted \(target.id) and its \(keys) key\(keys == 1 ? "" : "s")\n")
        }
    }
}
