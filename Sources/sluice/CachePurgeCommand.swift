import ArgumentParser
import Filters
import Gateway

/// `sluice cache purge`: responses that must not be served any more.
struct CachePurgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge",
        abstract: "Remove stored responses on all nodes, or make them stale.",
        discussion: """
            By URL: all of its variants and, without a query, all of its queries; with one, whatever a request for it may
            be served, also under a key that leaves out some of its parameters. By tag or by route: however many there are, in
            one step. Nodes hear of it at once. A fetch that is under way is not stored.

            Examples:
              sluice cache purge --url https://api.example.com/users/7
              sluice cache purge --tag user-7 --tag users
              sluice cache purge --route users --soft
            """)

    @Option(help: "A URL, or its path; the scheme does not matter.")
    var url: [String] = []

    @Option(help: "A tag of the route's configuration, or of the origin's Surrogate-Key or Cache-Tag.")
    var tag: [String] = []

    @Option(help: "A route's name.")
    var route: [String] = []

    @Flag(help: "Stale from now on instead of gone: they may still stand in while they are refreshed.")
    var soft = false

    @OptionGroup var state: SharedStateOptions

    func validate() throws {
        if url.isEmpty, tag.isEmpty, route.isEmpty {
            throw ValidationError("what is to be purged? expected --url, --tag or --route")
        }
        for name in tag + route where name.isEmpty || name.contains(where: \.isWhitespace) {
            throw ValidationError("\"\(name)\" is no name: expected one without blanks")
        }
    }

    func run() async throws {
        try await state.run("sluice cache purge") { access in
            let cache = CacheInRedis(access.client, namespace: access.namespace)
            var count = 0
            for url in url { count += try await cache.purge(url: url, isSoft: soft) }
            for name in tag + route.map(CacheRoute.tag(ofRoute:)) { try await cache.purge(tag: name, isSoft: soft) }
            if state.json {
                return try Output.write(
                    json: PurgeJSON(responses: count, tags: tag + route.map(CacheRoute.tag(ofRoute:))))
            }
            let done = soft ? "stale from now on" : "purged"
            if !url.isEmpty {
                let responses = count == 1 ? "response" : "responses"
                Output.write("\(done): \(count) \(responses) of \(url.count == 1 ? "the URL" : "the URLs")\n")
            }
            for name in tag { Output.write("\(done): all that carries the tag \(Table.harmless(name))\n") }
            for name in route { Output.write("\(done): all of the route \(Table.harmless(name))\n") }
        }
    }
}

private struct PurgeJSON: Encodable {
    /// Of the URLs; how many carry the tags nobody counts.
    let responses: Int
    let tags: [String]
}
