import ArgumentParser
import Filters
import Gateway

/// `sluice cache show`: the stored responses of one URL.
struct CacheShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what is stored of a URL: each variant, with its header.",
        discussion: """
            The host may be left out, and the scheme does not matter. Without a query all queries are meant; with one, all that
            a request for it may be served, also under a key that leaves out some of its parameters.

            Example: sluice cache show https://api.example.com/users/7
            """)

    @Argument(help: "The URL, or its path.")
    var url: String

    @OptionGroup var state: SharedStateOptions

    func run() async throws {
        try await state.run("sluice cache show") { access in
            let readings = try await CacheInRedis(access.client, namespace: access.namespace).list(url: url)
            if state.json { return try Output.write(json: CacheJSON(readings)) }
            guard !readings.isEmpty else {
                throw fail(
                    "sluice cache show: nothing is stored of \(Table.harmless(url)) in namespace \(access.namespace); "
                        + "sluice cache list --containing TEXT shows what is")
            }
            for reading in readings {
                let lines = reading.headers.split(separator: "\r\n").map { "  " + Table.harmless(String($0)) + "\n" }
                Output.write(CacheTable.text([reading]) + lines.joined() + "\n")
            }
        }
    }
}
