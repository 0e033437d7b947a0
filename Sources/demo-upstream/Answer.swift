/// What a request target asks this origin to do. A pure function of the target, so that it can be read as a table.
enum Answer: Equatable {
    case echo(status: Int, afterMilliseconds: Int)
    case bytes(Int, chunked: Bool)
    case stream(count: Int, everyMilliseconds: Int)
    case truncated(Int)
    case drop
    case garbage
    case invalid(expected: String)

    static let maximumBytes = 1 << 30

    init(target: String) {
        let (path, query) = Self.split(target, at: "?")
        let segments = path.split(separator: "/", maxSplits: 2)
        let number = segments.count == 2 ? Int(segments[1]) : nil
        switch (segments.first, segments.count) {
        case ("bytes", 2): self = Self.sized(number) { .bytes($0, chunked: false) }
        case ("chunked", 2): self = Self.sized(number) { .bytes($0, chunked: true) }
        case ("truncate", 2): self = Self.sized(number) { .truncated($0) }
        case ("delay", 2):
            self = Self.within(0...600_000, number, "/delay/MS") { .echo(status: 200, afterMilliseconds: $0) }
        case ("status", 2):
            self = Self.within(200...599, number, "/status/CODE") { .echo(status: $0, afterMilliseconds: 0) }
        case ("stream", 1):
            let count = Self.value("n", in: query, default: 10)
            let interval = Self.value("ms", in: query, default: 100)
            self =
                count.map((1...100_000).contains) == true && interval.map((0...60_000).contains) == true
                ? .stream(count: count ?? 0, everyMilliseconds: interval ?? 0)
                : .invalid(expected: "/stream?n=COUNT&ms=MS with COUNT in 1...100000 and MS in 0...60000")
        case ("drop", 1): self = .drop
        case ("garbage", 1): self = .garbage
        default: self = .echo(status: 200, afterMilliseconds: 0)
        }
    }

    private static func sized(_ number: Int?, _ make: (Int) -> Answer) -> Answer {
        within(0...maximumBytes, number, "a size in bytes", make)
    }

    private static func within(
        _ range: ClosedRange<Int>, _ number: Int?, _ what: String, _ make: (Int) -> Answer
    ) -> Answer {
        guard let number, range.contains(number) else { return .invalid(expected: "\(what) in \(range)") }
        return make(number)
    }

    /// The number of `name=…` in a query; nil when it is there and is no number.
    private static func value(_ name: String, in query: Substring, default fallback: Int) -> Int? {
        for pair in query.split(separator: "&") {
            let (key, value) = split(String(pair), at: "=")
            if key == name { return Int(value) }
        }
        return fallback
    }

    private static func split(_ text: String, at separator: Character) -> (Substring, Substring) {
        guard let index = text.firstIndex(of: separator) else { return (text[...], "") }
        return (text[..<index], text[text.index(after: index)...])
    }
}
