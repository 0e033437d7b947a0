import Glibc

/// The command line of `demo-upstream`, parsed without a library: it has four options.
struct Options: Sendable {
    var host = "127.0.0.1"
    var ports: [Int] = []
    var threads = 1

    static let help = """
        demo-upstream: a small HTTP/1.1 origin to try a gateway against.

        usage: demo-upstream --port P [--port P2 …] [--host 127.0.0.1] [--threads 1]

          --port P      listen here; repeat it for several origins in one process; 0 takes a free port
          --host H      address to listen on (default 127.0.0.1)
          --threads N   event loops, 1 to 64 (default 1)

        Every path answers a JSON echo of the request: method, path, headers as received, the port that answered
        and the size of the body. These paths answer otherwise:

          /bytes/N            N bytes with Content-Length (at most 1073741824)
          /chunked/N          N bytes in chunks
          /delay/MS           the echo after MS milliseconds (at most 600000)
          /status/CODE        the echo with that status (200 to 599)
          /stream?n=10&ms=100 n server-sent events, one each ms milliseconds
          /truncate/N         announces N bytes, sends half of them and closes
          /drop               closes the connection without an answer
          /garbage            answers bytes that are not HTTP
        """

    /// Reads the arguments after the program's name; the failure says what was wrong and what was expected.
    static func parse(_ arguments: some Sequence<String>) -> Result<Options, UsageError> {
        var options = Options()
        var rest = arguments.makeIterator()
        while let name = rest.next() {
            guard ["--port", "--host", "--threads"].contains(name) else {
                return .failure(UsageError("unknown option \(name); expected --port, --host, --threads or --help"))
            }
            guard let value = rest.next() else { return .failure(UsageError("\(name) needs a value")) }
            switch (name, Int(value)) {
            case ("--host", _): options.host = value
            case ("--port", .some(let port)) where (0...65535).contains(port): options.ports.append(port)
            case ("--threads", .some(let count)) where (1...64).contains(count): options.threads = count
            default: return .failure(UsageError("\(name) \(value): expected a number within its range (see --help)"))
            }
        }
        guard !options.ports.isEmpty else { return .failure(UsageError("no --port given; try --port 9001")) }
        return .success(options)
    }
}

struct UsageError: Error {
    let message: String
    init(_ message: String) { self.message = message }
}

/// Says on standard error why the program ends.
func fail(_ message: String, status: Int32) -> Never {
    let line = "demo-upstream: \(message)\n"
    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    exit(status)
}
