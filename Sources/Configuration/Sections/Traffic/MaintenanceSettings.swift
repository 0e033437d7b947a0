import Policies

/// `maintenance` of a route: it answers 503 while its service is worked on.
package struct MaintenanceSettings: Sendable {
    package var retryAfterSeconds = 300
    package var detail = "This service is being worked on; Retry-After says when to come back."
    /// Instead of a problem; nil: the problem.
    package var answer: FixedAnswerSettings?
    /// Who gets through, and so finds what works already.
    package var allowed: [NetworkRange] = []

    /// Nil: it is not.
    static let kind: Kind<MaintenanceSettings?> = {
        let switched = Kind<Bool>.boolean
        return Kind(
            noun: "true, false, or \(full.noun)",
            schema: { drawing in ["anyOf": [switched.schema(drawing), full.schema(drawing)]] },
            read: { reader, noun in
                if case .mapping = reader.node.content { return full.read(reader).map { .some($0) } }
                return switched.described(as: noun).read(reader).map { $0 ? MaintenanceSettings() : nil }
            })
    }()

    private static let full = Kind<MaintenanceSettings>.section(
        "maintenance", "{ retry_after: 10m, allow: [10.0.0.0/8] }"
    ) { section in
        var maintenance = MaintenanceSettings()
        let retryAfter = section.value(
            "retry_after", .duration(1_000_000...2_592_000_000_000), default: 300_000_000,
            "When clients are told to come back.")
        maintenance.retryAfterSeconds = retryAfter / 1_000_000
        maintenance.detail = section.value(
            "detail", .text("a sentence for clients"), default: maintenance.detail, "The problem's detail.")
        var answer = FixedAnswerSettings(status: 503)
        answer.readContent(section)
        if answer.body != nil { maintenance.answer = answer }
        if section.has("headers"), answer.body == nil, !section.has("body"), !section.has("file") {
            section.place(of: "headers").report("headers are of a body, and there is none", hint: "add body or file")
        }
        maintenance.allowed = section.value(
            "allow", .list(.networkRange), default: [], "Clients that get through, by address.")
        return maintenance
    }
}
