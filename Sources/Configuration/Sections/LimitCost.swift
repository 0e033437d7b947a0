import Policies

/// `cost` of a limit: how many tokens a request takes from each of its rates.
package enum LimitCost: Hashable, Sendable {
    case fixed(Int)
    /// A header's whole number.
    ///
    /// - `absent`: what a request without the header costs.
    /// - `maximum`: what greater numbers count as.
    case header(name: String, absent: Int, maximum: Int)

    /// As read: how much a request may cost at most also depends on the rates.
    struct Written: Sendable {
        var cost: LimitCost
        var isMaximumWritten = true
    }

    static let mostExpensive = 100

    static var kind: Kind<Written> {
        let number = Kind<Int>.integer(RateWindow.countRange)
        let full = Kind<Written>.section("cost", "a cost such as { header: X-Cost, max: 100 }") { section in
            let header = section.required(
                "header", .token("the name of a header field"), "The header whose number is the cost.")
            let absent = section.value("default", number, default: 1, "What a request without the header costs.")
            let maximum = section.optional("max", number, "What greater numbers count as; absent: 100.")
            if let maximum, absent > maximum {
                section.place(of: "default").report("the default is more than max", hint: "raise max")
            }
            return header.map { header in
                Written(
                    cost: .header(name: header, absent: absent, maximum: maximum ?? max(absent, mostExpensive)),
                    isMaximumWritten: maximum != nil)
            }
        }
        let noun = "\(number.noun), or { header: NAME }"
        return Kind(
            noun: noun,
            schema: { drawing in ["anyOf": [number.schema(drawing), full.schema(drawing)]] },
            read: { reader, noun in
                if case .mapping = reader.node.content { return full.read(reader) }
                return number.described(as: noun).read(reader).map { Written(cost: .fixed($0)) }
            })
    }
}

extension LimitCost.Written {
    /// The cost by rates that can hold it; a request that could never be admitted is a mistake, which is reported.
    func fitting(_ rates: [RateWindow], _ place: NodeReader) -> LimitCost {
        guard let tightest = rates.min(by: { $0.capacity < $1.capacity }) else { return cost }
        switch cost {
        case .fixed(let tokens):
            report(tokens, tightest, place)
            return cost
        case .header(let name, let absent, let maximum):
            report(isMaximumWritten ? maximum : absent, tightest, place)
            return .header(name: name, absent: absent, maximum: min(maximum, max(tightest.capacity, absent)))
        }
    }

    private func report(_ tokens: Int, _ window: RateWindow, _ place: NodeReader) {
        guard tokens > window.capacity else { return }
        place.report(
            "a request that costs \(tokens) would never be admitted: \(window.text) holds \(window.capacity) tokens",
            hint: "lower the cost, or raise the rate")
    }
}
