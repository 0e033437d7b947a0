/// Writes the Prometheus text exposition format 0.0.4, or OpenMetrics 1.0: families with HELP and TYPE, then their samples.
struct PrometheusWriter {
    private let format: PrometheusText.Format

    init(_ format: PrometheusText.Format = .prometheus) { self.format = format }

    enum Kind: String {
        case counter, gauge, histogram
    }

    typealias Label = (name: String, value: String)

    private(set) var text: [UInt8] = []
    private var family = ""

    /// Starts a family; samples follow until the next one starts.
    mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        family = name
        // In OpenMetrics a counter's family has no suffix, its sample has.
        let isSuffixed = format == .openMetrics && kind == .counter && name.hasSuffix("_total")
        let title = isSuffixed ? String(name.dropLast("_total".count)) : name
        append("# HELP \(title) \(help)\n# TYPE \(title) \(kind.rawValue)\n")
    }

    /// After the last family.
    mutating func end() {
        if format == .openMetrics { append("# EOF\n") }
    }

    mutating func sample(_ labels: [Label], _ value: Int) {
        writeName("", labels)
        append(" \(value)\n")
    }

    mutating func sample(_ value: Int) {
        sample([], value)
    }

    mutating func sample(_ labels: [Label] = [], seconds microseconds: Int) {
        writeName("", labels)
        append(" ")
        writeSeconds(microseconds)
        append("\n")
    }

    /// - Parameter exemplars: shown in OpenMetrics, where there is a place for them.
    mutating func histogram(
        _ labels: [Label], _ histogram: LatencyHistogram, _ boundaries: HistogramBoundaries,
        exemplars: Exemplars = Exemplars()
    ) {
        let counts = histogram.cumulativeCounts(at: boundaries.microseconds)
        for (index, count) in counts.enumerated() {
            writeName("_bucket", labels + [("le", boundaries.texts[index])])
            append(" \(count)")
            writeExemplar(exemplars[index])
            append("\n")
        }
        writeName("_bucket", labels + [("le", "+Inf")])
        append(" \(histogram.count)")
        writeExemplar(exemplars[counts.count])
        append("\n")
        writeName("_sum", labels)
        append(" ")
        writeSeconds(histogram.totalMicroseconds)
        append("\n")
        writeName("_count", labels)
        append(" \(histogram.count)\n")
    }

    private mutating func writeExemplar(_ exemplar: Exemplars.Exemplar?) {
        guard format == .openMetrics, let exemplar else { return }
        append(" # {trace_id=\"\(exemplar.traceID)\"} ")
        writeSeconds(exemplar.microseconds)
        append(" ")
        writeSeconds(exemplar.wallMicroseconds)
    }

    private mutating func writeName(_ suffix: String, _ labels: [Label]) {
        append(family)
        append(suffix)
        guard !labels.isEmpty else { return }
        for (index, label) in labels.enumerated() {
            append(index == 0 ? "{" : ",")
            append(label.name)
            append("=\"")
            writeEscaped(label.value)
            append("\"")
        }
        append("}")
    }

    private mutating func writeEscaped(_ value: String) {
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\n"): append("\\n")
            default: text.append(byte)
            }
        }
    }

    /// Exact decimal seconds; a `Double` would round large sums.
    private mutating func writeSeconds(_ microseconds: Int) {
        let (seconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        let fraction = String(rest)
        append("\(seconds).\(String(repeating: "0", count: 6 - fraction.utf8.count))\(fraction)")
    }

    private mutating func append(_ string: String) {
        text.append(contentsOf: string.utf8)
    }
}

/// The `le` values of a histogram family.
struct HistogramBoundaries: Sendable {
    let texts: [String]
    let microseconds: [Int]

    private init(_ boundaries: KeyValuePairs<String, Int>) {
        texts = boundaries.map(\.key)
        microseconds = boundaries.map(\.value)
    }

    /// For what clients and upstreams take: steps of at most two thirds, so that a p99.9 read from them is near enough to be
    /// acted on.
    static let requests = HistogramBoundaries([
        "0.0005": 500, "0.001": 1000, "0.0015": 1500, "0.0025": 2500, "0.0035": 3500, "0.005": 5000, "0.0075": 7500,
        "0.01": 10_000, "0.015": 15_000, "0.025": 25_000, "0.035": 35_000, "0.05": 50_000, "0.075": 75_000,
        "0.1": 100_000, "0.15": 150_000, "0.25": 250_000, "0.35": 350_000, "0.5": 500_000, "0.75": 750_000,
        "1": 1_000_000, "1.5": 1_500_000, "2.5": 2_500_000, "5": 5_000_000, "10": 10_000_000, "30": 30_000_000,
    ])

    /// For what the gateway and Redis take: ten times finer.
    static let fine = HistogramBoundaries([
        "0.00005": 50, "0.0001": 100, "0.00025": 250, "0.0005": 500, "0.001": 1000, "0.0025": 2500, "0.005": 5000,
        "0.01": 10_000, "0.025": 25_000, "0.05": 50_000, "0.1": 100_000, "0.25": 250_000, "0.5": 500_000,
        "1": 1_000_000,
    ])
}
