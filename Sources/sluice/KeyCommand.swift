import ArgumentParser
import Configuration
import Credentials
import Filters
import Foundation
import Gateway
import Policies

/// `sluice key`: API keys, as Redis holds their digests for all nodes.
struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Make, list, rotate and revoke API keys in Redis; all nodes know within a second.",
        discussion: """
            A key is shown once, when it is made: Redis holds its SHA-256 only. It is called by the first digits of that.

            Examples:
              sluice key create acme
              sluice key create acme --name ci --expires 90d --scope users.read --address 10.0.0.0/8
              sluice key list acme
              sluice key rotate 3f2a9c01b5d7 --overlap 24h    a new one; the old one is good for another day
              sluice key revoke 3f2a9c01b5d7
            """,
        subcommands: [
            KeyCreateCommand.self, KeyListCommand.self, KeyRotateCommand.self, KeyRevokeCommand.self,
        ],
        defaultSubcommand: KeyListCommand.self)
}

/// Which key a command is about.
struct KeyTarget: ParsableArguments {
    @Argument(help: "The key's id, or more of its SHA-256; - reads the key itself from standard input.")
    var id: String

    private var digits: String {
        let text = id.lowercased()
        return text.hasPrefix("sha256:") ? String(text.dropFirst("sha256:".count)) : text
    }

    func validate() throws {
        guard id == "-" || digits.wholeMatch(of: /[0-9a-f]{6,64}/) != nil else {
            // It may be a key in clear, so it is not repeated.
            throw ValidationError(
                "expected a key's id, as sluice key list shows it: 6 to 64 hexadecimal digits; "
                    + "to name it by itself, pipe it in and write -")
        }
    }

    /// The one key that is meant.
    func find(_ command: String, _ consumers: ConsumersInRedis, _ access: SharedStateAccess) async throws
        -> ConsumersInRedis.Key
    {
        let digits = id == "-" ? try Self.digestOfInput(command) : self.digits
        let found = try await consumers.keys(beginningWith: digits)
        guard let key = found.first else {
            let name = id == "-" ? "such key" : "key \(digits)"
            throw fail("\(command): no \(name) in namespace \(access.namespace); sluice key list shows those there are")
        }
        guard found.count == 1 else {
            let ids = found.map { "\($0.sha256.prefix(16)) (\($0.record.consumer))" }.joined(separator: ", ")
            throw fail(Table.harmless("\(command): \(digits) begins several keys: \(ids); write more of it"))
        }
        return key
    }

    private static func digestOfInput(_ command: String) throws -> String {
        guard let key = readLine(), !key.isEmpty else { throw fail("\(command): there is no key on standard input") }
        return String(try APIKeyTable.hash(ofKey: Array(key.utf8)).dropFirst("sha256:".count))
    }
}

/// When a key ends: after a time, or at a day.
enum KeyEnd {
    /// Seconds from now, or since 1970; nil: the text is neither.
    enum Written { case lifetime(Int), instant(Int) }

    static func read(_ text: String) -> Written? {
        if let microseconds = TimeText.microseconds(text) { return .lifetime(microseconds / 1_000_000) }
        return InstantText.read(text).map { .instant($0) }
    }

    static func validate(_ text: String?) throws {
        guard let text else { return }
        let written = read(text)
        if case .instant(let end) = written, end <= Int(Date().timeIntervalSince1970) {
            throw ValidationError("--expires \(Table.harmless(text)): expected a time that is still to come")
        }
        guard written == nil else { return }
        throw ValidationError(
            "--expires \(Table.harmless(text)): expected a time such as 12h or 90d, a day such as 2027-01-01, or a time such as 2027-01-01T12:30:00Z"
        )
    }
}

/// A key as `--json` prints it.
struct KeyJSON: Encodable {
    let id: String
    let sha256: String
    /// Only just after it was made.
    var key: String?
    let consumer: String
    let name: String?
    let plan: String?
    let scopes: [String]?
    let addresses: [String]
    let created: Int?
    let expires: Int?

    init(_ listed: ConsumersInRedis.Key, clear: String? = nil) {
        let record = listed.record
        (id, sha256, key, consumer, name) = (listed.id, listed.sha256, clear, record.consumer, record.name)
        (plan, scopes, created, expires) = (record.plan, record.scopes, record.created, record.expires)
        addresses = record.addresses.map(\.description)
    }
}

enum KeysTable {
    static func text(_ keys: [ConsumersInRedis.Key]) -> String {
        var table = Table(
            ("KEY", .left), ("CONSUMER", .left), ("NAME", .left), ("PLAN", .left), ("SCOPES", .left),
            ("ADDRESSES", .left), ("CREATED", .left), ("ENDS", .left))
        for key in keys {
            let record = key.record
            table.append(
                key.id, record.consumer, record.name ?? "", record.plan ?? "",
                record.scopes.map { $0.isEmpty ? "none" : $0.joined(separator: " ") } ?? "",
                record.addresses.map(\.description).joined(separator: " "),
                record.created.map { day($0) } ?? "", ends(key))
        }
        return table.text
    }

    static func ends(_ key: ConsumersInRedis.Key) -> String {
        guard let left = key.left else { return "never" }
        return left <= 0 ? "ended" : "in \(TimeText.of(microseconds: min(left, 1 << 40) * 1_000_000))"
    }

    private static func day(_ seconds: Int) -> String {
        (0..<253_402_300_800).contains(seconds) ? InstantText.write(seconds / 86_400 * 86_400) : ""
    }
}
