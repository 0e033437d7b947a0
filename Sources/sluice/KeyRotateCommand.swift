import ArgumentParser
import Credentials
import Filters
import Gateway

/// `sluice key rotate`: a new key in place of an old one, which is good for a while longer.
struct KeyRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Make a key with the terms of another one, which ends after an overlap.",
        discussion: """
            The new key has the consumer, name, plan, scopes and addresses of the old one, and lives as long as that one
            did.

            Examples:
              sluice key rotate 3f2a9c01b5d7                  the old one is good for another day
              sluice key rotate 3f2a9c01b5d7 --overlap 0s     it ends now
            """)

    @OptionGroup var target: KeyTarget

    @Option(help: ArgumentHelp("For how long the old key is still good: 0s, 12h, 7d.", valueName: "time"))
    var overlap = "24h"

    @Option(help: ArgumentHelp("When the new key ends: 90d, 2027-01-01.", valueName: "time"))
    var expires: String?

    @OptionGroup var state: SharedStateOptions

    private var overlapSeconds: Int? { overlap == "0s" ? 0 : TimeText.microseconds(overlap).map { $0 / 1_000_000 } }

    func validate() throws {
        try KeyEnd.validate(expires)
        guard overlapSeconds != nil else {
            throw ValidationError("--overlap \(Table.harmless(overlap)): expected a time such as 0s, 12h or 7d")
        }
    }

    private struct Rotated: Encodable {
        let new: KeyJSON
        let old: KeyJSON
    }

    func run() async throws {
        try await state.run("sluice key rotate") { access in
            let consumers = ConsumersInRedis(access.client, namespace: access.namespace)
            let old = try await target.find("sluice key rotate", consumers, access)
            if let left = old.left, left <= 0 {
                throw fail("sluice key rotate: key \(old.id) has ended; sluice key create makes another one")
            }
            let clear = try APIKey.make()
            let sha256 = String(try APIKeyTable.hash(ofKey: Array(clear.utf8)).suffix(64))
            let end = expires.flatMap { KeyEnd.read($0) }
            let rotated = try await consumers.rotate(
                old, to: sha256, life: end.map { .init($0) }, overlap: overlapSeconds ?? 0)
            if state.json {
                var record = old.record
                record.expires = rotated.oldEnds
                let before = ConsumersInRedis.Key(sha256: old.sha256, record: record, left: nil)
                return try Output.write(json: Rotated(new: KeyJSON(rotated.new, clear: clear), old: KeyJSON(before)))
            }
            let rest =
                rotated.oldLeft == 0 ? "has ended" : "ends in \(TimeText.of(microseconds: rotated.oldLeft * 1_000_000))"
            Output.write(KeyCreateCommand.text(rotated.new, clear) + "The old key \(old.id) \(rest).\n")
        }
    }
}

extension ConsumersInRedis.KeyLife {
    init(_ written: KeyEnd.Written) {
        self =
            switch written {
            case .lifetime(let seconds): .seconds(seconds)
            case .instant(let end): .until(end)
            }
    }
}
