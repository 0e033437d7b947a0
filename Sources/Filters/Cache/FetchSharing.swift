import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// Gives what is being collected to those who wait for it.
extension Fetch {
    /// The first follower gets all that the origin said; others what is stored, if it may serve them.
    func shareOut(_ draft: ResponseDraft, _ live: [UInt8]) {
        let waiting = followers
        followers = []
        for (index, follower) in waiting.enumerated() {
            if index == 0 {
                followers.append(follower)
                begin(follower, draft, lines: live, isFirst: true)
            } else if draft.lifetime.fresh > draft.initialAge, follower.selects(draft.variant, by: draft.facts.vary) {
                followers.append(follower)
                begin(follower, draft, lines: draft.lines, isFirst: false)
            } else {
                follower.goAlone(draft.lifetime.fresh > draft.initialAge ? .varyMiss : .miss)
            }
        }
    }

    func begin(_ follower: CacheFollower, _ draft: ResponseDraft, lines: [UInt8], isFirst: Bool) {
        guard let exchange = follower.exchange else { return }
        exchange.record.cache = .miss
        if draft.initialAge >= 1_000_000 {
            exchange.responseLines.append("Age: ")
            exchange.responseLines.append(decimal: draft.initialAge / 1_000_000)
            exchange.responseLines.append("\r\n")
        }
        CacheStatusField.appendForward(
            stale == nil ? .uriMiss : .stale, status: draft.status, isStored: true, isCollapsed: !isFirst,
            to: exchange.responseLines)
        if !follower.facts.conditions.isEmpty, (200..<300).contains(draft.status) {
            let modified = draft.facts.lastModified ?? draft.facts.date
            switch follower.facts.conditions.evaluate(etag: draft.facts.etag, lastModified: modified) {
            case .proceed: break
            case .notModified: return answered(follower) { StoredAnswer.sendNotModified(lines, to: $0) }
            }
        }
        let soFar = draft.body.readableBytes > 0 ? StoredBody.memory(draft.body) : nil
        lines.withUnsafeBufferPointer {
            exchange.downstream.respond(
                StoredHead(status: draft.status, lines: $0, length: draft.length), body: soFar, isComplete: false)
        }
    }

    /// It needs no more than what it is sent now.
    func answered(_ follower: CacheFollower, _ send: (Exchange) -> Void) {
        followers.removeAll { $0 === follower }
        if let exchange = follower.leave() { send(exchange) }
    }
}
