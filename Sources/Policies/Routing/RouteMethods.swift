/// The methods of all routes as small numbers, and what `Allow` says about a set of them.
struct RouteMethods: Sendable {
    static let get = 0
    static let head = 1
    static let options = 2
    /// A method that no route names.
    static let unknown = -1

    private var arena = ByteArena()
    private var pieces: [ByteArena.Piece] = []
    private var names: [String] = []

    init() {
        for name in ["GET", "HEAD", "OPTIONS"] { _ = number(adding: name) }
    }

    mutating func number(adding name: String) -> Int {
        if let known = names.firstIndex(of: name) { return known }
        names.append(name)
        pieces.append(arena.add(name))
        return names.count - 1
    }

    /// Methods are case-sensitive (RFC 9110, 9.1).
    func number(of method: UnsafeBufferPointer<UInt8>) -> Int {
        for number in pieces.indices where arena.equals(pieces[number], method, 0..<method.count) { return number }
        return Self.unknown
    }

    /// The field value for a resource with these methods. `OPTIONS` is always among them, for the gateway answers it.
    func allow(_ numbers: Set<Int>) -> String {
        let implied: Set = numbers.contains(Self.get) ? [Self.head, Self.options] : [Self.options]
        return numbers.union(implied).map { names[$0] }.sorted { Self.rank($0) < Self.rank($1) }.joined(separator: ", ")
    }

    /// The usual order for the usual methods, then the alphabet.
    private static func rank(_ name: String) -> (Int, String) {
        let usual = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        return (usual.firstIndex(of: name) ?? usual.count, name)
    }
}
