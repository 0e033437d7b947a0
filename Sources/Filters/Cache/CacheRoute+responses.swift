import GatewayCore
import HTTPWire
import Policies

/// What a route's cache makes of a response's head, whoever asked for it.
extension CacheRoute {
    /// What it says, with the request fields by which the route says that responses differ.
    func facts(of head: ResponseHead) -> CacheResponseFacts {
        var facts = CacheResponseFacts(status: head.status, now: WallClock.seconds())
        for index in 0..<head.fields.count { facts.add(name: head.fields.name(index), value: head.fields.value(index)) }
        for name in vary.names { facts.addVary(name) }
        return facts
    }

    /// Why a body of this length is not kept; nil if it may be.
    func refusal(of length: BodyLength) -> StorageRules.Refusal? {
        switch length {
        // Its end can't be told from the origin's.
        case .untilClose: .unknownLength
        case .exactly(let length) where length > maximumObject: .tooLarge
        case .none, .exactly, .chunked: nil
        }
    }
}
