import Policies

/// What a route does with its requests besides forwarding them to one upstream.
package struct TrafficSettings: Sendable {
    package var split: SplitSettings?
    package var mirror: MirrorSettings?
    package var fault: FaultSettings?
    package var redirect: RedirectSettings?
    /// `redirect` as it is rendered; nil without one.
    package var location: LocationTemplate?
    package var respond: FixedAnswerSettings?
    package var maintenance: MaintenanceSettings?

    package init() {}

    init(_ section: SectionReader) {
        split = section.optional("split", SplitSettings.kind, "Several upstreams, by weight or by what requests carry.")
        mirror = section.optional("mirror", MirrorSettings.kind, "An upstream that gets copies of the requests.")
        fault = section.optional("fault", FaultSettings.kind, "Delays and errors, to see how they are taken.")
        redirect = section.optional("redirect", RedirectSettings.kind, "Sends clients elsewhere.")
        respond = section.optional("respond", FixedAnswerSettings.kind, "Answers with the same each time.")
        maintenance = section.value(
            "maintenance", MaintenanceSettings.kind, default: nil, "Answers 503 while the service is worked on.")
    }

    private static let destinations = ["upstream", "split", "redirect", "respond", "aggregate"]

    /// Whether the route needs no upstream. Reports what does not go together.
    func answersAlone(_ section: SectionReader) -> Bool {
        let written = Self.destinations.filter(section.has)
        if written.count > 1 {
            section.place(of: written[1]).report(
                "a route has one destination, and this one has \(written.joined(separator: " and "))",
                hint: "remove all but one")
        }
        let isOwn = section.has("redirect") || section.has("respond")
        for name in ["mirror", "fault", "cache"] where isOwn && section.hasValue(name, otherThan: "off") {
            section.place(of: name).report(
                "\(name) is about requests that are forwarded, and this route answers them itself", hint: "remove it")
        }
        return isOwn || (maintenance.map(\.allowed.isEmpty) ?? false)
    }
}
