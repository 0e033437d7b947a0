import Filters
import Foundation
import Policies
import Telemetry

/// A page of text that fits a terminal: in a low one tables are shortened rather than left out, in a narrow one what is
/// said in words is wrapped, and tables are cut.
struct TopPage {
    private struct Section {
        let title: String?
        let lines: [String]

        /// With so many rows of the table, whose titles are its first line.
        func shortened(to rows: Int) -> [String] {
            let left = lines.count - 1 - rows
            let shown = left > 1 ? lines.prefix(1 + rows) + ["… \(left) more"] : lines[...]
            return (title.map { [$0] } ?? []) + shown
        }
    }

    private static let mostRows = 12
    private let header: [String]
    private let sections: [Section]
    private let width: Int
    private let height: Int

    /// - Parameter remark: something to say first, such as that the figures are old.
    init(_ figures: TopFigures, width: Int, height: Int, remark: String? = nil) {
        (self.width, self.height) = (max(20, width), max(3, height))
        let troubled = figures.breakers.filter { $0.state != .closed || $0.force != nil }
        header = (remark.map { [$0] } ?? []) + Self.header(figures, width: self.width)
        var sections = [Self.section(Self.nodes(figures.nodes))]
        if !figures.routes.isEmpty { sections.append(Self.section(Self.routes(figures.routes))) }
        if !figures.limits.isEmpty { sections.append(Self.section(Self.limits(figures.limits))) }
        if !troubled.isEmpty { sections.append(Self.section(BreakersTable.text(troubled), "BREAKERS")) }
        self.sections = sections
    }

    var text: String {
        var lines = header
        for rows in (1...Self.mostRows).reversed() {
            lines = header + sections.flatMap { [""] + $0.shortened(to: rows) }
            if lines.count < height { break }
        }
        return lines.prefix(height - 1).map { String($0.prefix(width)) }.joined(separator: "\n") + "\n"
    }

    private static func section(_ text: String, _ title: String? = nil) -> Section {
        Section(title: title, lines: text.split(separator: "\n").map(String.init))
    }

    private static func header(_ figures: TopFigures, width: Int) -> [String] {
        let count = figures.now?.nodes ?? figures.nodes.count
        let name = "\(Table.harmless(figures.namespace))  \(count) node\(count == 1 ? "" : "s")  "
        guard let now = figures.now else { return [name + "no figures yet"] }
        let open = figures.breakers.count { $0.state != .closed }
        let lines = [
            [
                "requests \(number(now.requests))/s", "errors \(share(now.errors, of: now.requests))",
                "refused \(number(now.limited))/s", "p50 \(time(now.latency.quantile(0.5)))",
                "p95 \(time(now.latency.quantile(0.95)))", "p99 \(time(now.latency.quantile(0.99)))",
            ],
            [
                "own \(time(now.ownMicroseconds)) mean", "busiest node \(percent(now.busy))",
                "loop lag \(time(now.lagMicroseconds))", "in flight \(now.inFlight)",
                "connections \(now.connections)", "waiting \(now.pending)", "breakers open \(open)",
            ],
        ]
        return [name + spark(figures.series.map(\.requests))] + lines.flatMap { wrapped($0, width: width) }
    }

    /// Facts side by side, as many in a line as there is room for.
    static func wrapped(_ facts: [String], width: Int) -> [String] {
        facts.reduce(into: [String]()) { lines, fact in
            if let last = lines.last, last.count + 3 + fact.count <= width {
                lines[lines.count - 1] = last + "   " + fact
            } else {
                lines.append(fact)
            }
        }
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
        for route in routes {
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
        for limit in limits {
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
