/// The ways to a target that chooses by ALPN (RFC 7301) whether it speaks HTTP/2: asked with the first connection, and
/// remembered.
final class NegotiatingTargetPool: TargetConnections {
    private let http1: TargetPool
    private let http2: HTTP2TargetPool
    private var speaksHTTP1 = false

    init(_ target: UpstreamSettings.Target, index: Int, settings: UpstreamSettings, worker: Worker) {
        http1 = TargetPool(target, index: index, settings: settings, worker: worker)
        http2 = HTTP2TargetPool(target, index: index, settings: settings, worker: worker)
        http2.onHTTP1 = { [unowned self] waiting in
            speaksHTTP1 = true
            for attempt in waiting { http1.acquire(for: attempt, fresh: false) }
        }
    }

    var target: UpstreamSettings.Target { http1.target }

    var index: Int {
        get { http1.index }
        set { (http1.index, http2.index) = (newValue, newValue) }
    }

    var openCount: Int { http1.openCount + http2.openCount }
    var unusedCount: Int { http1.unusedCount + http2.unusedCount }
    var activeCount: Int { http1.activeCount + http2.activeCount }

    var waitingCount: Int { http1.waitingCount + http2.waitingCount }

    func acquire(for attempt: Attempt, fresh: Bool) {
        if speaksHTTP1 {
            http1.acquire(for: attempt, fresh: fresh)
        } else {
            http2.acquire(for: attempt, fresh: fresh)
        }
    }

    func forget(_ attempt: Attempt) {
        http1.forget(attempt)
        http2.forget(attempt)
    }

    func close() {
        http1.close()
        http2.close()
    }
}
