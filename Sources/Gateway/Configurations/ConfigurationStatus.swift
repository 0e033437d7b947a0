import Configuration
import FoundationEssentials
import JSON
import Telemetry

/// Where a node has a configuration from.
package enum ConfigurationOrigin: Hashable, Sendable {
    case file(String)
    /// A revision that was pushed to the cluster.
    case redis(revision: Int)
    /// The last good revision as it was kept on disk; Redis could not be asked, or its revision was refused.
    case disk(revision: Int)

    /// For metrics and JSON.
    var label: String {
        switch self {
        case .file: "file"
        case .redis: "redis"
        case .disk: "disk"
        }
    }

    package var revision: Int? {
        switch self {
        case .file: nil
        case .redis(let revision), .disk(let revision): revision
        }
    }
}

/// Which configuration a node runs, and what became of the last attempt to change it. Never the text: it may hold secrets.
struct ConfigurationStatus: Sendable {
    /// Why a configuration was not taken.
    struct Refusal: Sendable {
        let origin: ConfigurationOrigin
        let reason: String
        let microseconds: Int
    }

    private(set) var origin: ConfigurationOrigin
    private(set) var digest: String
    private(set) var routes: Int
    private(set) var generation: Int
    /// When it was put to work, by the node's clock.
    private(set) var since: Int
    /// Nil: the last attempt succeeded.
    private(set) var refusal: Refusal?
    private(set) var accepted = 0
    private(set) var refused = 0

    init(_ origin: ConfigurationOrigin, _ snapshot: Snapshot, now: Int = StructuredLog.wallClock()) {
        self.origin = origin
        digest = snapshot.revision
        routes = snapshot.configuration.routes.count
        generation = snapshot.generation
        since = now
    }

    mutating func took(_ origin: ConfigurationOrigin, _ snapshot: Snapshot, now: Int = StructuredLog.wallClock()) {
        let counts = (accepted + 1, refused)
        self = ConfigurationStatus(origin, snapshot, now: now)
        (accepted, refused) = counts
    }

    mutating func refused(
        _ origin: ConfigurationOrigin, because reason: String, now: Int = StructuredLog.wallClock()
    ) {
        refused += 1
        refusal = Refusal(origin: origin, reason: reason, microseconds: now)
    }

    /// `GET /api/config`.
    var json: JSONValue {
        var members = Self.members(of: origin)
        members += [
            ("digest", .string(digest)), ("loaded", .string(Self.time(since))), ("generation", .integer(generation)),
            ("routes", .integer(routes)),
            ("reloads", ["accepted": .integer(accepted), "refused": .integer(refused)]),
        ]
        guard let refusal else { return JSONValue(members: members + [("refused", .null)]) }
        let reason: [(String, JSONValue)] = [
            ("at", .string(Self.time(refusal.microseconds))), ("reason", .string(refusal.reason)),
        ]
        return JSONValue(
            members: members + [("refused", JSONValue(members: Self.members(of: refusal.origin) + reason))])
    }

    /// For `/readyz`, which is open to all: without the reason.
    var summary: JSONValue {
        var members: [(String, JSONValue)] = [("digest", .string(digest))]
        if let revision = origin.revision { members.append(("revision", .integer(revision))) }
        return JSONValue(members: members + [("last_reload", .string(refusal == nil ? "ok" : "refused"))])
    }

    var metrics: ConfigurationMetrics {
        ConfigurationMetrics(
            origin: origin.label, revision: origin.revision.map { "\($0)" } ?? digest, digest: digest,
            sinceMicroseconds: since, isLastReloadRefused: refusal != nil, accepted: accepted, refused: refused)
    }

    private static func members(of origin: ConfigurationOrigin) -> [(String, JSONValue)] {
        var members: [(String, JSONValue)] = [("origin", .string(origin.label))]
        if case .file(let path) = origin { members.append(("file", .string(path))) }
        if let revision = origin.revision { members.append(("revision", .integer(revision))) }
        return members
    }

    private static func time(_ microseconds: Int) -> String {
        Date(timeIntervalSince1970: Double(microseconds) / 1_000_000).formatted(.iso8601)
    }
}
