@preconcurrency import Dispatch

#if canImport(Glibc)
    import Glibc
#endif

/// Signals as a stream, in place of their default action.
struct Signals {
    let stream: AsyncStream<Int32>

    init(_ numbers: [Int32]) {
        stream = AsyncStream { continuation in
            let sources = numbers.map { number in
                Glibc.signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                source.setEventHandler { continuation.yield(number) }
                source.resume()
                return source
            }
            continuation.onTermination = { _ in for source in sources { source.cancel() } }
        }
    }
}
