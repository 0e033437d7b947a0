import ArgumentParser
import Filters
import Foundation

/// `sluice config`: one configuration for all nodes of a cluster, through Redis.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Roll a configuration out to all nodes of a cluster, through Redis.",
        discussion: """
            Nodes that follow are started with: sluice run --config redis --redis URL. What is pushed is a file as it stands:
            ${VAR} and file: are resolved on the nodes.

            Examples:
              sluice config push gateway.yaml        one node tries it, then all take it
              sluice config push gateway.yaml --watch 1m --note 'new limits'
              sluice config list
              sluice config status                   which node runs what, and which has refused
              sluice config diff live gateway.yaml   what a push would change
              sluice config rollback                 back to the last good one
            """,
        subcommands: [
            ConfigListCommand.self, ConfigPushCommand.self, ConfigStatusCommand.self, ConfigShowCommand.self,
            ConfigDiffCommand.self, ConfigPromoteCommand.self, ConfigRollbackCommand.self,
        ],
        defaultSubcommand: ConfigListCommand.self)
}

/// A revision as people name it: by its number, by the beginning of its digest, or as `live`, `last-good`, `candidate`.
enum RevisionName {
    /// - Throws: a sentence for the user.
    static func resolve(_ name: String, in overview: RevisionOverview) throws -> RevisionReading {
        let number: Int? =
            switch name {
            case "live": overview.live
            case "last-good": overview.lastGood
            case "candidate": overview.candidate
            default: Int(name)
            }
        if let number, let found = overview.revision(number) { return found }
        let byDigest = overview.revisions.filter { name.count >= 4 && $0.digest.hasPrefix(name) }
        // The same text pushed twice: the newer one.
        if let first = byDigest.first, byDigest.allSatisfy({ $0.digest == first.digest }) { return first }
        throw UnknownRevision(name: name, known: overview.revisions.map(\.number))
    }
}

struct UnknownRevision: Error, CustomStringConvertible {
    let name: String
    let known: [Int]

    var description: String {
        let kept =
            known.isEmpty ? "nothing was pushed yet" : "kept are \(known.map(String.init).joined(separator: ", "))"
        return
            "there is no revision \(Table.harmless(name)): \(kept); live, last-good and the beginning of a digest serve too"
    }
}
