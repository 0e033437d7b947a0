import ArgumentParser
import Filters
import Gateway

/// `sluice limits list`: every bucket there is.
struct LimitsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the buckets, the scarcest first.",
        discussion: """
            A bucket that is full is not kept in Redis, so it is not here. LEFT are the tokens there are now; those that
            nodes have prepaid (LEASED) are not among them.

            Examples:
              sluice limits list --subject acme
              sluice limits list --policy 'plan.*' --limit 10 --json
            """)

    @OptionGroup var selection: LimitsSelection
    @OptionGroup var state: SharedStateOptions

    func run() async throws {
        try await state.run("sluice limits") { access in
            let page = try await LimitsPage(selection, access)
            if state.json { try Output.write(json: page.json) } else { Output.write(page.text) }
        }
    }
}

/// What `list` shows once and `watch` again and again.
struct LimitsPage {
    private let selection: LimitsSelection
    private let namespace: String
    private let listing: LimitsInRedis.Listing

    init(_ selection: LimitsSelection, _ access: SharedStateAccess) async throws {
        self.selection = selection
        namespace = access.namespace
        listing = try await LimitsInRedis(access.client, namespace: access.namespace)
            .list(policy: selection.policy, subject: selection.subject)
    }

    private var shown: [BucketReading] { Array(listing.readings.prefix(selection.limit)) }

    var json: LimitsJSON {
        LimitsJSON(shown, found: listing.readings.count, isComplete: listing.isComplete)
    }

    var text: String {
        guard !listing.readings.isEmpty else {
            let kind = selection.policy == nil && selection.subject == nil ? "" : "such "
            return "no \(kind)bucket in namespace \(namespace): all are full\n"
        }
        var text = LimitsTable.text(shown)
        if listing.readings.count > shown.count {
            text += "\(listing.readings.count - shown.count) more; --limit shows them\n"
        }
        if !listing.isComplete {
            text += "only \(LimitsInRedis.mostBuckets) were looked at; choose with --policy or --subject\n"
        }
        return text
    }
}
