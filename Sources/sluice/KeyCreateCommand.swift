import ArgumentParser
import Credentials
import Filters
import Gateway
import Policies

/// `sluice key create`: a new key, shown once.
struct KeyCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make an API key of a consumer, and show it once.",
        discussion: """
            --sha256 takes over a key that another system made, by its digest: printf %s KEY | sha256sum.

            Examples:
              sluice key create acme
              sluice key create acme --name ci --expires 90d --scope users.read --address 10.0.0.0/8
              sluice key create acme --json | jq -r .key
            """)

    @OptionGroup var target: ConsumerTarget

    @Option(help: "What it is called in lists.")
    var name: String?

    @Option(help: ArgumentHelp("When it ends: 90d, 2027-01-01; by default never.", valueName: "time"))
    var expires: String?

    @Option(name: .customLong("scope"), help: "What it may do, in place of what its consumer may; may be repeated.")
    var scopes: [String] = []

    @Option(help: "The plan whose limits apply, in place of its consumer's.")
    var plan: String?

    @Option(
        name: .customLong("address"),
        help: "From where it may be used, such as 10.0.0.0/8 or 2001:db8::/32; may be repeated.")
    var addresses: [String] = []

    @Option(name: .customLong("sha256"), help: ArgumentHelp("The digest of a key that exists.", valueName: "digits"))
    var digest: String?

    @OptionGroup var state: SharedStateOptions

    func validate() throws {
        for scope in scopes { try ScopeText.validate(scope) }
        if let plan { try PlanName.validate(plan) }
        try KeyEnd.validate(expires)
        for address in addresses {
            do throws(NetworkRange.Malformed) { _ = try NetworkRange(address) } catch {
                throw ValidationError("--address \(Table.harmless(address)): \(error.reason)")
            }
        }
        if let name, !(1...100).contains(name.utf8.count) || name.contains(where: \.isNewline) {
            throw ValidationError("--name: expected 1 to 100 characters in one line")
        }
        if let digest, digest.lowercased().wholeMatch(of: /(sha256:)?[0-9a-f]{64}/) == nil {
            throw ValidationError("--sha256: expected 64 hexadecimal digits; make them with: printf %s KEY | sha256sum")
        }
    }

    func run() async throws {
        try await state.run("sluice key create") { access in
            let consumers = ConsumersInRedis(access.client, namespace: access.namespace)
            try await requireConsumer(consumers, access)
            let clear = digest == nil ? try APIKey.make() : nil
            let hash = try clear.map { try APIKeyTable.hash(ofKey: Array($0.utf8)) } ?? digest?.lowercased() ?? ""
            let sha256 = String(hash.suffix(64))
            if digest != nil, let taken = try await consumers.key(sha256) {
                throw fail(
                    "sluice key create: this key exists already; it is of \(Table.harmless(taken.record.consumer))")
            }
            var record = KeyRecord(consumer: target.id)
            (record.name, record.plan, record.scopes) = (name, plan, scopes.isEmpty ? nil : scopes)
            record.addresses = addresses.compactMap { try? NetworkRange($0) }
            let life = expires.flatMap { KeyEnd.read($0) }.map { ConsumersInRedis.KeyLife($0) } ?? .forever
            let made = try await consumers.createKey(sha256: sha256, record, life: life)
            try await PlanName.warn(plan, "sluice key create", consumers, state)
            if state.json { return try Output.write(json: KeyJSON(made, clear: clear)) }
            Output.write(Self.text(made, clear))
        }
    }

    /// A key of nobody would be refused; its consumer may also be one of the configuration.
    private func requireConsumer(_ consumers: ConsumersInRedis, _ access: SharedStateAccess) async throws {
        let isKnown = try await consumers.consumer(target.id) != nil
        guard !isKnown, !(state.configuredConsumers() ?? []).contains(target.id) else { return }
        throw fail(
            "sluice key create: no consumer \(target.id) in namespace \(access.namespace); make it with: "
                + "sluice consumer create \(target.id); or, if the configuration has it, name that with --config")
    }

    static func text(_ key: ConsumersInRedis.Key, _ clear: String?) -> String {
        let ends = key.left == nil ? "it never ends" : "it ends \(KeysTable.ends(key))"
        let facts = "key \(key.id) of \(key.record.consumer); \(ends)\n"
        guard let clear else { return facts }
        return "\(clear)\n\n\(facts)This is the only time that the key is shown.\n"
    }
}
