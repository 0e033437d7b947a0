import GatewayCore
import HTTPWire
import NIOCore
import Policies

extension CacheService {
    /// Asks for the right to store under a key, whatever is there; nil if somebody else has it, or Redis can't be asked.
    func takeFill(
        _ key: [UInt8], fields: [(name: String, value: [UInt8])], tags: [String],
        _ completion: @escaping (SharedFill?) -> Void
    ) {
        guard let shared = cache.shared, shared.isReady else { return completion(nil) }
        let question = SharedLook(key: key, fields: fields, intent: .validate, known: nil, tags: tags)
        shared.look(question) { answer in
            switch answer {
            case .found(_, _, let fill?, _), .same(_, _, let fill?, _), .missing(let fill): completion(fill)
            default: completion(nil)
            }
        }
    }
}

/// A response that came while Redis was too slow to give the right to store it, and is stored once it no longer is: what is
/// in this node's memory alone does not outlive the lag.
final class LateStoring {
    private static let mostAttempts = 4
    private static let pause = TimeAmount.milliseconds(250)

    private let service: CacheService
    private let response: CachedResponse
    private let key: [UInt8]
    private let fields: [(name: String, value: [UInt8])]
    /// Of the node's memory, when the response was asked for.
    private let purgeCount: Int
    private var attempts = 0

    private var cache: ResponseCache { service.cache }

    /// - Parameter exchange: the response's.
    init(
        _ response: CachedResponse, under key: [UInt8], of exchange: Exchange, _ service: CacheService, purgeCount: Int
    ) {
        self.service = service
        self.response = response
        self.key = key
        self.purgeCount = purgeCount
        fields = service.candidates(exchange, response.vary)
    }

    func start() {
        attempts += 1
        service.takeFill(key, fields: fields, tags: response.tags.map(\.name)) { [self] fill in
            if let fill { store(fill) } else { tryAgain() }
        }
    }

    private func tryAgain() {
        guard attempts < Self.mostAttempts, isWanted else { return }
        cache.loop.assumeIsolated().scheduleTask(in: Self.pause) { [self] in if isWanted { start() } }
    }

    private func store(_ fill: SharedFill) {
        guard let shared = cache.shared else { return }
        guard isWanted else { return shared.end(fill, .failed) }
        let tagged = response.tagged(by: fill)
        cache.near.keep(tagged, under: key, confirmedAt: MonotonicClock.microsecondsWithSleep())
        shared.commit(tagged, fill, isRenewal: false)
    }

    /// No purge and nothing newer has come in between.
    private var isWanted: Bool {
        let entry = key.withUnsafeBufferPointer { cache.near.look($0) }
        let isThere = entry?.slots.contains { $0.response === response } ?? false
        return isThere && cache.near.mayKeep(tags: response.tags, since: purgeCount)
    }
}

extension CachedResponse {
    /// With the generations that its tags had when the fill was taken.
    func tagged(by fill: SharedFill) -> CachedResponse {
        CachedResponse(self, tags: tags.map { tag in fill.tags.first { $0.name == tag.name } ?? tag })
    }
}
