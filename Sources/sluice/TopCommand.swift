import ArgumentParser
import Filters
import Foundation
import Gateway
import Policies
import Telemetry

#if canImport(Glibc)
    import Glibc
#endif

/// `sluice top`: the cluster at a glance, live.
struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract:
            "Watch the cluster in the terminal: throughput, errors, latencies, limits, breakers, nodes; from Redis alone.",
        discussion: """
            q ends it. The figures are those that nodes tell once a second (sluice:figures:<node>).

            Examples:
              sluice top
              sluice top --once --json | jq .cluster
            """)

    @Flag(help: "Print one page and end; needed where the output is no terminal.")
    var once = false

    @Option(help: "Seconds between two pages.")
    var interval = 2

    @OptionGroup var state: SharedStateOptions

    func validate() throws {
        guard (1...3600).contains(interval) else {
            throw ValidationError("--interval \(interval): expected 1 to 3600 seconds")
        }
    }

    func run() async throws {
        try await state.run("sluice top") { access in
            if once || isatty(STDOUT_FILENO) == 0 { return try print(try await TopFigures(access)) }
            let terminal = Terminal()
            defer { terminal.restore() }
            while true {
                let figures = try await TopFigures(access)
                let size = terminal.size
                Output.write(Terminal.redrawing(TopPage.text(figures, width: size.width, height: size.height)))
                if try await terminal.isQuit(within: .seconds(interval)) { return }
            }
        }
    }

    private func print(_ figures: TopFigures) throws {
        if state.json { return try Output.write(json: TopJSON(figures)) }
        Output.write(TopPage.text(figures, width: 120, height: 60))
    }
}

/// What there is to show.
struct TopFigures {
    struct Node {
        let reading: NodeReading
        let mean: ClusterFigures.Mean
        let last: NodeFigures
    }

    let namespace: String
    let nodes: [Node]
    /// The last whole step; nil: nobody has told anything yet.
    let now: ClusterFigures.Point?
    let series: [ClusterFigures.Point]
    let routes: [(name: String, tally: RouteTally, perSecond: Double)]
    let limits: [BucketReading]
    let breakers: [BreakerReading]

    private static let span = 60_000
    private static let nowSpan = 10_000

    init(_ access: SharedStateAccess) async throws {
        namespace = access.namespace
        let client = access.client
        let time = try await client.time(routedBy: "\(namespace):nodes") / 1000
        let figures = FiguresInRedis(client, namespace: namespace)
        var told: [[TimedFigures]] = []
        var nodes: [Node] = []
        for reading in try await NodesInRedis(client, namespace: namespace).list() {
            let own = try await figures.read(reading.id, afterMilliseconds: time - Self.span)
            let latest = own.filter { $0.time > time - Self.nowSpan }.map(\.figures)
            told.append(own)
            nodes.append(
                Node(reading: reading, mean: ClusterFigures.Mean(latest), last: latest.last ?? NodeFigures()))
        }
        self.nodes = nodes
        series = ClusterFigures.series(told, after: time - Self.span, now: time)
        now = series.last
        routes = ClusterFigures.routes(
            told.map { $0.filter { $0.time > time - Self.nowSpan }.map(\.figures) })
        limits = Array(try await LimitsInRedis(client, namespace: namespace).list().readings.prefix(20))
        breakers = try await BreakersInRedis(client, namespace: namespace).list()
    }
}

/// A page of text that fits a terminal.
enum TopPage {
    static func text(_ figures: TopFigures, width: Int, height: Int) -> String {
        var sections = [header(figures)]
        sections.append(nodes(figures.nodes))
        if !figures.routes.isEmpty { sections.append(routes(figures.routes)) }
        if !figures.limits.isEmpty { sections.append(limits(figures.limits)) }
        let troubled = figures.breakers.filter { $0.state != .closed || $0.force != nil }
        if !troubled.isEmpty { sections.append("BREAKERS\n" + BreakersTable.text(troubled)) }
        let lines = sections.joined(separator: "\n").split(separator: "\n", omittingEmptySubsequences: false)
        return lines.prefix(max(3, height - 1)).map { String($0.prefix(max(20, width))) }.joined(separator: "\n") + "\n"
    }

    private static func header(_ figures: TopFigures) -> String {
        guard let now = figures.now else {
            return "\(figures.namespace): \(figures.nodes.count) nodes; no figures yet\n"
        }
        let open = figures.breakers.count { $0.state != .closed }
        return """
            \(figures.namespace)  \(now.nodes) node\(now.nodes == 1 ? "" : "s")  \(spark(figures.series.map(\.requests)))
            requests \(number(now.requests))/s   errors \(share(now.errors, of: now.requests))   refused \(number(now.limited))/s   \
            p50 \(time(now.latency.quantile(0.5)))   p95 \(time(now.latency.quantile(0.95)))   p99 \(time(now.latency.quantile(0.99)))
            own \(time(now.ownMicroseconds)) mean   busiest node \(percent(now.busy))   loop lag \(time(now.lagMicroseconds))   \
            in flight \(now.inFlight)   connections \(now.connections)   waiting \(now.pending)   breakers open \(open)

            """
    }

    private static func nodes(_ nodes: [TopFigures.Node]) -> String {
        var table = Table(
            ("NODE", .left), ("REQ/S", .right), ("ERRORS", .right), ("P99", .right), ("CPU", .right), ("LAG", .right),
            ("MEMORY", .right), ("CONNS", .right), ("REVISION", .left), ("UP", .right))
        for node in nodes {
            let requests = node.mean.perSecond(\.requests)
            table.append(
                node.reading.id, number(requests), share(node.mean.perSecond(\.errors), of: requests),
                time(node.mean.latency.quantile(0.99)), percent(node.mean.busy), time(node.last.lagMicroseconds),
                "\(node.last.memoryBytes >> 20)MiB", "\(node.last.connections)", node.reading.revision,
                node.reading.uptimeMicroseconds.map { TimeText.past($0) } ?? "")
        }
        return table.text
    }

    private static func routes(_ routes: [(name: String, tally: RouteTally, perSecond: Double)]) -> String {
        var table = Table(("ROUTE", .left), ("REQ/S", .right), ("ERRORS", .right), ("MEAN", .right))
        for route in routes.prefix(8) {
            table.append(
                route.name, number(route.perSecond),
                share(Double(route.tally.errors), of: Double(route.tally.requests)),
                time(route.tally.microseconds / max(1, route.tally.requests)))
        }
        return table.text
    }

    private static func limits(_ limits: [BucketReading]) -> String {
        var table = Table(
            ("LIMIT", .left), ("SUBJECT", .left), ("LEFT", .right), ("OF", .right), ("", .left), ("LEASED", .right))
        for limit in limits.prefix(8) {
            guard let window = limit.windows.min(by: { $0.tokens * $1.capacity < $1.tokens * $0.capacity }) else {
                continue
            }
            let filled = max(0, min(10, window.tokens * 10 / max(1, window.capacity)))
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 10 - filled)
            table.append(
                limit.policy, limit.subject, "\(max(0, window.tokens))", "\(window.capacity)", bar, "\(limit.leased)")
        }
        return table.text
    }

    static func spark(_ values: [Double]) -> String {
        let blocks = Array("▁▂▃▄▅▆▇█")
        guard let top = values.max(), top > 0 else { return "" }
        return String(values.suffix(30).map { blocks[min(7, Int($0 / top * 7.99))] })
    }

    private static func number(_ value: Double) -> String {
        value >= 100 ? "\(Int(value.rounded()))" : "\((value * 10).rounded() / 10)"
    }

    private static func share(_ part: Double, of whole: Double) -> String { percent(whole > 0 ? part / whole : 0) }

    private static func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10)%" }

    private static func time(_ microseconds: Int?) -> String {
        guard let microseconds else { return "–" }
        if microseconds < 10_000 { return "\(microseconds / 1000).\(microseconds / 100 % 10)ms" }
        return microseconds < 1_000_000
            ? "\(microseconds / 1000)ms" : "\(microseconds / 1_000_000).\(microseconds / 100_000 % 10)s"
    }
}

/// What `--json` prints; times in milliseconds.
struct TopJSON: Encodable {
    struct Cluster: Encodable {
        let nodes: Int
        let requestsPerSecond: Double
        let errorsPerSecond: Double
        let limitedPerSecond: Double
        let p50Ms: Double?
        let p95Ms: Double?
        let p99Ms: Double?
        let busy: Double
        let lagMs: Double
        let inFlight: Int
        let connections: Int
        let pending: Int
    }

    struct Node: Encodable {
        let id: String
        let requestsPerSecond: Double
        let errorsPerSecond: Double
        let p99Ms: Double?
        let busy: Double
        let memoryBytes: Int
        let connections: Int
        let revision: String
    }

    struct Route: Encodable {
        let name: String
        let requestsPerSecond: Double
        let errorShare: Double
    }

    let cluster: Cluster?
    let nodes: [Node]
    let routes: [Route]
    let limits: LimitsJSON
    let breakers: BreakersJSON

    init(_ figures: TopFigures) {
        func milliseconds(_ value: Int?) -> Double? { value.map { Double($0) / 1000 } }
        cluster = figures.now.map {
            Cluster(
                nodes: $0.nodes, requestsPerSecond: $0.requests, errorsPerSecond: $0.errors,
                limitedPerSecond: $0.limited, p50Ms: milliseconds($0.latency.quantile(0.5)),
                p95Ms: milliseconds($0.latency.quantile(0.95)), p99Ms: milliseconds($0.latency.quantile(0.99)),
                busy: $0.busy, lagMs: Double($0.lagMicroseconds) / 1000, inFlight: $0.inFlight,
                connections: $0.connections, pending: $0.pending)
        }
        nodes = figures.nodes.map {
            Node(
                id: $0.reading.id, requestsPerSecond: $0.mean.perSecond(\.requests),
                errorsPerSecond: $0.mean.perSecond(\.errors), p99Ms: milliseconds($0.mean.latency.quantile(0.99)),
                busy: $0.mean.busy, memoryBytes: $0.last.memoryBytes, connections: $0.last.connections,
                revision: $0.reading.revision)
        }
        routes = figures.routes.map {
            Route(
                name: $0.name, requestsPerSecond: $0.perSecond,
                errorShare: Double($0.tally.errors) / Double(max(1, $0.tally.requests)))
        }
        limits = LimitsJSON(figures.limits)
        breakers = BreakersJSON(breakers: figures.breakers.map { .init($0) })
    }
}

/// The terminal, read key by key, on its second screen; as it was before when that ends.
private struct Terminal {
    private let before: termios?

    init() {
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else {
            before = nil
            return
        }
        before = settings
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        Output.write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[2J")
    }

    func restore() {
        guard var before else { return }
        Output.write("\u{1B}[?25h\u{1B}[?1049l")
        tcsetattr(STDIN_FILENO, TCSANOW, &before)
    }

    /// As it is now: windows are resized.
    var size: (width: Int, height: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Waits, unless q, Escape or the end of the input comes first.
    func isQuit(within time: Duration) async throws -> Bool {
        let end = ContinuousClock.now + time
        while ContinuousClock.now < end {
            var query = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            guard before != nil, poll(&query, 1, 0) > 0 else {
                try await Task.sleep(for: .milliseconds(50))
                continue
            }
            var key: UInt8 = 0
            let count = read(STDIN_FILENO, &key, 1)
            if count <= 0 || key == UInt8(ascii: "q") || key == UInt8(ascii: "Q") || key == 0x1B || key == 3 {
                return true
            }
        }
        return false
    }

    /// Home, and clear what was there: not the whole screen first, which would flicker.
    static func redrawing(_ text: String) -> String {
        "\u{1B}[H" + text.replacing("\n", with: "\u{1B}[K\n") + "\u{1B}[J"
    }
}
