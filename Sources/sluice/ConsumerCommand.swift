import ArgumentParser
import Filters
import Gateway

/// `sluice consumer`: who may call, as Redis holds it for all nodes.
struct ConsumerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consumer",
        abstract: "Make, change, show and delete consumers in Redis; all nodes know within a second.",
        discussion: """
            A consumer has an id, a plan (of the configuration, or of `sluice plan`) and scopes. It is the owner of API keys
            (`sluice key`), and whom tokens and certificates stand for that name it. A consumer that the configuration
            has as well is as the configuration says.

            Examples:
              sluice consumer create acme --plan gold --scope users.read --scope users.write
              sluice consumer set acme --plan trial      what is not named stays as it is
              sluice consumer list
              sluice consumer show acme
              sluice consumer delete acme                with all of its keys
            """,
        subcommands: [
            ConsumerCreateCommand.self, ConsumerSetCommand.self, ConsumerListCommand.self, ConsumerShowCommand.self,
            ConsumerDeleteCommand.self,
        ],
        defaultSubcommand: ConsumerListCommand.self)
}

/// Whom a command is about.
struct ConsumerTarget: ParsableArguments {
    @Argument(help: "The consumer's id: 1 to 128 visible ASCII characters without { and }.")
    var id: String

    func validate() throws {
        guard ConsumerNames.isID(id) else {
            throw ValidationError(
                "\(Table.harmless(id)): expected an id of 1 to 128 visible ASCII characters without { and }")
        }
    }

    /// Says that there is none, and which are.
    func absence(_ command: String, _ consumers: ConsumersInRedis, _ access: SharedStateAccess) async throws -> ExitCode
    {
        let known = try await consumers.consumers().items.prefix(5).map(\.consumer.id)
        let hint =
            known.isEmpty
            ? "there is none; make it with: sluice consumer create \(id)" : "there are \(known.joined(separator: ", "))"
        return fail("\(command): no consumer \(id) in namespace \(access.namespace); \(Table.harmless(hint))")
    }
}

/// What a consumer may be given.
struct ConsumerTerms: ParsableArguments {
    @Option(help: "The plan whose limits apply.")
    var plan: String?

    @Option(name: .customLong("scope"), help: "A scope; may be repeated.")
    var scopes: [String] = []

    func validate() throws {
        for scope in scopes { try ScopeText.validate(scope) }
        if let plan { try PlanName.validate(plan) }
    }
}

enum ScopeText {
    /// RFC 6749, 3.3.
    static func validate(_ scope: String) throws {
        let isScope = scope.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
        guard isScope, !scope.isEmpty else {
            throw ValidationError(
                "--scope \(Table.harmless(scope)): expected a scope without blanks, quotes and backslashes")
        }
    }
}

enum PlanName {
    static func validate(_ name: String) throws {
        guard name.wholeMatch(of: /[A-Za-z0-9_.-]{1,100}/) != nil else {
            throw ValidationError(
                "\(Table.harmless(name)): expected the name of a plan: 1 to 100 letters, digits, \"_\", \"-\" or \".\"")
        }
    }

    /// A plan that nobody has defined limits nothing, which is seldom meant.
    static func warn(
        _ name: String?, _ command: String, _ consumers: ConsumersInRedis, _ state: SharedStateOptions
    ) async throws {
        guard let name, try await consumers.plan(name) == nil, !(state.configuredPlans() ?? []).contains(name) else {
            return
        }
        let place = state.config.map { "in \($0)" } ?? "in the nodes' configuration"
        remark(
            "\(command): there is no plan \(name) in Redis; unless it is one \(place), it limits nothing; "
                + "sluice plan set \(name) makes it")
    }
}

/// A consumer as `--json` prints it.
struct ConsumerJSON: Encodable {
    let id: String
    let plan: String?
    let scopes: [String]
    let created: Int?
    var keys: Int?

    init(_ record: ConsumerRecord, keys: Int? = nil) {
        (id, plan, scopes, created, self.keys) = (record.id, record.plan, record.scopes, record.created, keys)
    }
}

enum ConsumersTable {
    static func text(_ consumers: [ConsumersInRedis.Listed]) -> String {
        var table = Table(("CONSUMER", .left), ("PLAN", .left), ("SCOPES", .left), ("KEYS", .right))
        for listed in consumers {
            table.append(
                listed.consumer.id, listed.consumer.plan ?? "", listed.consumer.scopes.joined(separator: " "),
                "\(listed.keys)")
        }
        return table.text
    }
}
