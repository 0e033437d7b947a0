/// What Redis holds of the cluster's configurations.
package struct RevisionOverview: Hashable, Sendable {
    package let live: Int?
    package let lastGood: Int?
    /// What is being tried, where, and for how long at most.
    package let candidate: Int?
    package let canary: String
    package let leftMicroseconds: Int
    /// Since when what is live is live.
    package let sinceMicroseconds: Int?
    /// The newest first.
    package var revisions: [RevisionReading] = []

    /// Nothing was pushed.
    package static let none = RevisionOverview(fields: [:], now: 0)

    init(fields: [String: String], now: Int) {
        func number(_ name: String) -> Int? { fields[name].flatMap { Int($0) } }
        live = number("live")
        lastGood = number("last_good")
        leftMicroseconds = max(0, (number("candidate_until") ?? 0) - now)
        let isTried = leftMicroseconds > 0
        candidate = isTried ? number("candidate") : nil
        canary = isTried ? fields["canary"] ?? "" : ""
        sinceMicroseconds = number("changed").map { max(0, now - $0) }
    }

    package func revision(_ number: Int) -> RevisionReading? { revisions.first { $0.number == number } }
}

/// One revision, without its text.
package struct RevisionReading: Hashable, Sendable {
    /// What a node said of it.
    package struct Acknowledgement: Hashable, Sendable {
        package let node: String
        package let sinceMicroseconds: Int
        /// Nil: it runs the revision, or did.
        package let refusal: String?
    }

    package let number: Int
    package let digest: String
    package let author: String
    package let note: String
    /// `candidate`, `stored` (nobody tries it), `live`, `last good`, `earlier`, `withdrawn` or `rolled back`.
    package let state: String
    package let bytes: Int
    package let sinceMicroseconds: Int
    /// By the nodes' names.
    package let acknowledgements: [Acknowledgement]

    init(number: Int, fields: [String: String], bytes: Int, now: Int, candidate: Int?) {
        self.number = number
        digest = fields["digest"] ?? ""
        author = fields["author"] ?? ""
        note = fields["note"] ?? ""
        let stored = fields["state"] ?? ""
        state = stored == "candidate" && candidate != number ? "stored" : stored
        self.bytes = bytes
        sinceMicroseconds = max(0, now - (fields["pushed"].flatMap { Int($0) } ?? now))
        acknowledgements = fields.compactMap { name, value in
            guard name.hasPrefix("ack:") else { return nil }
            let words = value.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard words.count >= 2, let at = Int(words[1]) else { return nil }
            return Acknowledgement(
                node: String(name.dropFirst("ack:".count)), sinceMicroseconds: max(0, now - at),
                refusal: words[0] == "ok" ? nil : words.count > 2 ? words[2] : "no reason told")
        }.sorted { $0.node < $1.node }
    }

    package func acknowledgement(of node: String) -> Acknowledgement? { acknowledgements.first { $0.node == node } }
}
