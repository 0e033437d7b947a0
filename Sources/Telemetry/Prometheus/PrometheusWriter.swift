/// Writes the Prometheus text exposition format 0.0.4: families with HELP and TYPE, then their samples.
struct PrometheusWriter {
    enum Kind: String {
        case counter, gauge, histogram
    }

    typealias Label = (name: String, value: String)

    private(set) var text: [UInt8] = []
    private var family = ""

    /// Starts a family; samples follow until the next one starts.
    mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        family = name
        append("# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n")
    }

    mutating func sample(_ labels: [Label], _ value: Int) {
        writeName("", labels)
        append(" \(value)\n")
    }

    mutating func sample(_ value: Int) {
        sample([], value)
    }

    mutating func sample(seconds microseconds: Int) {
        writeName("", [])
        append(" ")
        writeSeconds(microseconds)
        append("\n")
    }

    mutating func histogram(_ labels: [Label], _ histogram: LatencyHistogram, _ boundaries: HistogramBoundaries) {
        let counts = histogram.cumulativeCounts(at: boundaries.microseconds)
        for (text, count) in zip(boundaries.texts, counts) {
            writeName("_bucket", labels + [("le", text)])
            append(" \(count)\n")
        }
        writeName("_bucket", labels + [("le", "+Inf")])
        append(" \(histogram.count)\n")
        writeName("_sum", labels)
        append(" ")
        writeSeconds(histogram.totalMicroseconds)
        append("\n")
        writeName("_count", labels)
        append(" \(histogram.count)\n")
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

    /// For what clients and upstreams take.
    static let requests = HistogramBoundaries([
        "0.0005": 500, "0.001": 1000, "0.0025": 2500, "0.005": 5000, "0.01": 10_000, "0.025": 25_000, "0.05": 50_000,
        "0.1": 100_000, "0.25": 250_000, "0.5": 500_000, "1": 1_000_000, "2.5": 2_500_000, "5": 5_000_000,
        "10": 10_000_000,
    ])

    /// For what the gateway and Redis take: ten times finer.
    static let fine = HistogramBoundaries([
        "0.00005": 50, "0.0001": 100, "0.00025": 250, "0.0005": 500, "0.001": 1000, "0.0025": 2500, "0.005": 5000,
        "0.01": 10_000, "0.025": 25_000, "0.05": 50_000, "0.1": 100_000, "0.25": 250_000, "0.5": 500_000,
        "1": 1_000_000,
    ])
}
