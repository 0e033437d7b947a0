import ArgumentParser
import Filters
import Gateway

/// Which bucket a command changes.
struct LimitsTarget: ParsableArguments {
    @Argument(help: "The policy, such as users.consumer.")
    var policy: String

    @Argument(help: "The subject, such as a consumer's id.")
    var subject: String

    var name: BucketName { BucketName(policy: policy, subject: subject) }

    /// Says that there is no such bucket, and which are like it.
    func absence(_ command: String, _ limits: LimitsInRedis, _ access: SharedStateAccess) async throws -> ExitCode {
        var text = "\(command): there is no bucket of \(policy) for \(subject) in namespace \(access.namespace), "
        text += "so it is full; "
        let others = try await limits.list(policy: name.policy).readings.map(\.subject).sorted().prefix(5)
        let policies = try await limits.list(subject: name.subject).readings.map(\.policy).sorted().prefix(5)
        if !policies.isEmpty {
            text += "\(subject) has some of \(policies.joined(separator: ", "))"
        } else if !others.isEmpty {
            text += "\(policy) has some for \(others.joined(separator: ", "))"
        } else {
            text += "sluice limits lists those there are"
        }
        return fail(Table.harmless(text))
    }
}

/// `sluice limits reset`: a bucket becomes full.
struct LimitsResetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "Make the bucket of a policy and a subject full again.",
        discussion: """
            Prints what was there. Tokens that nodes have prepaid are spent besides those of the full bucket.

            Example: sluice limits reset users.consumer acme
            """)

    @OptionGroup var target: LimitsTarget
    @OptionGroup var state: SharedStateOptions

    func run() async throws {
        try await state.run("sluice limits reset") { access in
            let limits = LimitsInRedis(access.client, namespace: access.namespace)
            guard let before = try await limits.reset(target.name) else {
                throw try await target.absence("sluice limits reset", limits, access)
            }
            if state.json { return try Output.write(json: LimitsJSON([before])) }
            Output.write(
                "was:\n\(LimitsTable.text([before]))reset: \(Table.harmless(before.subject)) has all tokens again\n")
        }
    }
}
