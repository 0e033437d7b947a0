/// How requests come: unevenly over nodes and subjects, and in bursts. All of it follows from the seed.
package struct LoadSettings: Hashable, Sendable {
    /// Requests per second, on the average.
    package var rate = 1500.0
    package var subjects = 1
    package var seed: UInt64 = 1
    /// What each request asks for.
    package var path = "/verify"
    /// Whether each request appends its number to the path, for an upstream in this process to tell them apart.
    package var numbersRequests = true
    /// Header lines of each request, without line ends.
    package var headers: [String] = []
    /// Connections to one node; requests beyond them go to other nodes.
    package var connectionsPerNode = 64
    /// How long an answer may take, in microseconds.
    package var patience = 10_000_000
    /// Requests that are kept in memory; the load ends there.
    package var mostRequests = 20_000_000

    package init() {}

    /// The header that names the subject, which limits of this load are counted per.
    package static let subjectHeader = "X-Subject"

    /// What part of the average rate is due at this instant of the run: each quarter of a second has a level of its own,
    /// and begins with a burst.
    func intensity(at microseconds: Int) -> Double {
        var generator = SeededGenerator(seed: seed &+ UInt64(microseconds / 250_000))
        let level = Double.random(in: 0.6...1.4, using: &generator)
        return level * (microseconds % 250_000 < 50_000 ? 2 : 0.75)
    }

    /// Which node a request goes to: half of them to one, the rest in halves likewise; each second it is another's turn
    /// to be the first.
    func node(at microseconds: Int, of nodes: Int, using generator: inout SeededGenerator) -> Int {
        let halvings = min(generator.next().trailingZeroBitCount, nodes - 1)
        return (halvings + microseconds / 1_000_000) % nodes
    }

    /// Half of the requests are for a fifth of the subjects.
    func subject(using generator: inout SeededGenerator) -> Int {
        let few = max(1, subjects / 5)
        return Bool.random(using: &generator)
            ? Int.random(in: 0..<few, using: &generator) : Int.random(in: 0..<subjects, using: &generator)
    }
}

/// Where one node takes requests.
package struct LoadTarget: Hashable, Sendable {
    package var host: String
    package var port: Int

    package init(host: String = "127.0.0.1", port: Int) {
        self.host = host
        self.port = port
    }
}
