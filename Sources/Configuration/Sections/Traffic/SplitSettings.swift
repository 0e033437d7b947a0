import Policies

/// `split` of a route: its requests go to several upstreams, by weight or by what they carry.
package struct SplitSettings: Sendable {
    package struct Arm: Sendable {
        package var upstream: String
        package var weight: Int
        /// Requests that take this arm whatever the weights say; nil: none.
        package var conditions: RequestConditionSettings?
    }

    /// At least two, one of them with a weight of more than 0.
    package var arms: [Arm]
    /// By what a caller stays with an arm; nil: each request is drawn anew.
    package var sticky: BalanceMethod.HashSource?

    static let kind: Kind<SplitSettings> = {
        let list = Kind<[Arm]>.list(
            .splitArm, noun: "a list such as [{ upstream: a, weight: 95 }, { upstream: b, weight: 5 }]")
        let full = Kind<SplitSettings>.section("split", "{ targets: [...], sticky: consumer }") { section in
            let arms = section.required("targets", list.map(checked), "The arms, each an upstream and its weight.")
            let sticky = section.optional(
                "sticky", .hashSource, "By what callers stay with an arm; without it, they are spread by their address."
            )
            return arms.map { SplitSettings(arms: $0, sticky: sticky) }
        }
        let noun = "\(list.noun), or \(full.noun)"
        return Kind(
            noun: noun,
            schema: { drawing in ["anyOf": [list.schema(drawing), full.schema(drawing)]] },
            read: { reader, noun in
                if case .mapping = reader.node.content { return full.read(reader) }
                return list.described(as: noun).map(checked).read(reader).map { SplitSettings(arms: $0) }
            })
    }()

    @Sendable private static func checked(_ arms: [Arm], _ reader: NodeReader) -> [Arm]? {
        guard arms.count > 1 else {
            reader.report("a split has at least two arms", hint: "add one, or write upstream: NAME instead")
            return nil
        }
        guard arms.contains(where: { $0.weight > 0 }) else {
            reader.report(
                "no arm takes the requests that no condition is for", hint: "give one of them a weight of more than 0")
            return nil
        }
        return arms
    }
}

extension Kind where Value == SplitSettings.Arm {
    fileprivate static var splitArm: Kind {
        .section("split_arm", "an arm such as { upstream: users, weight: 95 }") { section in
            let upstream = section.required("upstream", .reference(to: .upstreams), "Where its requests go.")
            let weight = section.optional(
                "weight", .integer(0...1_000_000), "Its share, beside the others' weights; absent: 1, or 0 with when.")
            let conditions = section.optional(
                "when", RequestConditionSettings.kind, "Requests that take this arm whatever the weights say.")
            if weight == 0, !section.has("when") {
                section.place(of: "weight").report(
                    "an arm of weight 0 without when gets no request", hint: "add when, or remove the arm")
            }
            return upstream.map {
                SplitSettings.Arm(
                    upstream: $0, weight: weight ?? (section.has("when") ? 0 : 1), conditions: conditions)
            }
        }
    }
}
