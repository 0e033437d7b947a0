import NIOCore
import RedisClient

/// Responses on their way from the node that fetches them to followers on other nodes.
extension RedisResponses {
    package func share(_ parts: [FlowPart], of fill: SharedFill) {
        let elements = parts.map(\.encoded)
        // The end is read by those who are slow.
        let lifetime = parts.contains { $0.isLast } ? FillTimes.flowEnd : FillTimes.lifetime
        link.call(flowScript, keys: 1, arguments: 3 + elements.count) { writer in
            writer.append(names.flow(fill.key, fill.token))
            writer.append(lifetime)
            writer.append(names.channel)
            writer.append(names.event("flowing", fill.key))
            for element in elements { writer.append(element) }
        } completion: { [self] result in
            if case .failure = result { counters.failures += 1 }
        }
    }

    package func follow(_ flow: SharedFlow, from position: Int, completion: @escaping (FlowNews) -> Void) {
        link.call(followScript, keys: 1, arguments: 2) { writer in
            writer.append(names.flow(flow.key, flow.token))
            writer.append(position)
            writer.append(Self.pieceBytes)
        } completion: { result in
            guard case .success(let reply) = result, reply.kind == .array else { return completion(.gone) }
            let parts = (0..<reply.count).compactMap { reply[$0].flatMap { FlowPart($0.bytes) } }
            completion(parts.count == reply.count ? .parts(parts) : .gone)
        }
    }
}
