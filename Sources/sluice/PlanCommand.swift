import ArgumentParser
import Configuration
import Filters
import Gateway

/// `sluice plan`: what consumers are entitled to, as Redis holds it for all nodes.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Make, change, show and delete plans in Redis; all nodes know within a second.",
        discussion: """
            A plan that the configuration has as well is as the configuration says. Changed rates keep the share of a
            bucket that was left.

            Examples:
              sluice plan set gold --limit 50/second --limit 100000/day --concurrency 20
              sluice plan set trial --limit 5/second --limit 1000/month
              sluice plan list
              sluice plan delete trial
            """,
        subcommands: [PlanSetCommand.self, PlanListCommand.self, PlanDeleteCommand.self],
        defaultSubcommand: PlanListCommand.self)
}

struct PlanTarget: ParsableArguments {
    @Argument(help: "The plan's name.")
    var name: String

    func validate() throws { try PlanName.validate(name) }
}

/// `sluice plan set`: its terms, as a whole.
struct PlanSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Make a plan, or replace it as a whole.",
        discussion: """
            Rates and the other terms are those of plans in the configuration.

            Examples:
              sluice plan set gold --limit 50/second --limit 100000/day --concurrency 20
              sluice plan set trial --limit '{ rate: 1000/day, window: calendar, zone: Europe/Berlin }'
            """)

    @OptionGroup var target: PlanTarget

    @Option(name: .customLong("limit"), help: "A rate such as 50/second; may be repeated, and all hold at once.")
    var limits: [String] = []

    @Option(help: "How many requests may be under way at once.")
    var concurrency: String?

    @Option(help: "How tokens come back: bucket, sliding or calendar.")
    var window: String?

    @Option(help: "Whose days calendar windows follow, such as Europe/Berlin.")
    var zone: String?

    @Option(help: "How many requests may come at once to a bucket.")
    var burst: String?

    @Option(help: "How many tokens a request takes.")
    var cost: String?

    @Flag(help: "Count and report what would be refused, but refuse nothing.")
    var shadow = false

    @OptionGroup var state: SharedStateOptions

    private var fields: [String: String] {
        var fields = ["limits": limits.isEmpty ? nil : limits.joined(separator: ", "), "concurrency": concurrency]
            .merging(["window": window, "zone": zone, "burst": burst, "cost": cost]) { first, _ in first }
            .compactMapValues(\.self)
        if shadow { fields["shadow"] = "true" }
        return fields
    }

    func validate() throws {
        guard !fields.isEmpty else {
            throw ValidationError("expected what the plan grants, such as --limit 50/second or --concurrency 20")
        }
        do { _ = try PlanSettings(fields: fields) } catch { throw ValidationError("\(error)") }
    }

    func run() async throws {
        try await state.run("sluice plan set") { access in
            let consumers = ConsumersInRedis(access.client, namespace: access.namespace)
            if state.configuredPlans()?.contains(target.name) == true {
                remark(
                    "sluice plan set: \(state.config ?? "") has a plan \(target.name), which goes before that of Redis")
            }
            try await consumers.putPlan(target.name, fields)
            if state.json { return try Output.write(json: PlanJSON(name: target.name, terms: fields)) }
            Output.write(PlansTable.text([target.name: fields]))
        }
    }
}

/// `sluice plan list`: all that Redis holds.
struct PlanListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show the plans in Redis.",
        discussion: """
            Those of the configuration are not here.

            Example: sluice plan list --json
            """)

    @OptionGroup var state: SharedStateOptions

    func run() async throws {
        try await state.run("sluice plan list") { access in
            let plans = try await ConsumersInRedis(access.client, namespace: access.namespace).plans()
            if state.json {
                let shown = plans.sorted { $0.key < $1.key }.map { PlanJSON(name: $0.key, terms: $0.value) }
                return try Output.write(json: ["plans": shown])
            }
            guard !plans.isEmpty else {
                return Output.write("no plan in namespace \(access.namespace); sluice plan set makes one\n")
            }
            Output.write(PlansTable.text(plans))
        }
    }
}

/// `sluice plan delete`: its consumers have no plan's limits any more.
struct PlanDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a plan; its consumers go on without its limits.",
        discussion: "Example: sluice plan delete trial")

    @OptionGroup var target: PlanTarget
    @OptionGroup var state: SharedStateOptions

    func run() async throws {
        try await state.run("sluice plan delete") { access in
            let consumers = ConsumersInRedis(access.client, namespace: access.namespace)
            guard try await consumers.deletePlan(target.name) else {
                let known = try await consumers.plans().keys.sorted().prefix(5).joined(separator: ", ")
                throw fail(
                    Table.harmless(
                        "sluice plan delete: no plan \(target.name) in namespace \(access.namespace); "
                            + (known.isEmpty ? "there is none" : "there are \(known)")))
            }
            if state.json { return try Output.write(json: ["deleted": target.name]) }
            Output.write("deleted \(target.name)\n")
        }
    }
}

/// A plan as `--json` prints it.
struct PlanJSON: Encodable {
    let name: String
    let terms: [String: String]
}

enum PlansTable {
    static func text(_ plans: [String: [String: String]]) -> String {
        var table = Table(("PLAN", .left), ("LIMITS", .left), ("CONCURRENCY", .right), ("FURTHER", .left))
        for (name, fields) in plans.sorted(by: { $0.key < $1.key }) {
            let further = ["window", "zone", "burst", "cost", "shadow"].compactMap { key in
                fields[key].map { "\(key) \($0)" }
            }
            table.append(
                name, fields["limits"] ?? "", fields["concurrency"] ?? "", further.joined(separator: ", "))
        }
        return table.text
    }
}
