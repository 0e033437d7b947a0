/// What can only be judged when all sections are read: whether they agree with each other.
extension GatewayConfiguration {
    func reportDisagreements(_ section: SectionReader) {
        reportStrangersBehindProxies(section)
        reportTranslationsToHTTP1(section)
    }

    /// With PROXY protocol the first bytes name the client, which only a trusted proxy may do.
    private func reportStrangersBehindProxies(_ section: SectionReader) {
        // Proxies that could not be read were reported by themselves.
        guard trustedProxies.isEmpty, section.isEmptyOrAbsent("trusted_proxies") else { return }
        let places = section.items(of: "listeners", count: listeners.count)
        for (listener, place) in zip(listeners, places) where listener.takesProxyProtocol {
            place.entry(named: "proxy_protocol").report(
                "proxy_protocol believes what trusted proxies say of their clients, and there are none",
                hint: "add trusted_proxies with the proxy's address")
        }
    }

    /// gRPC needs HTTP/2: its status stands in trailers, and both sides send at the same time.
    private func reportTranslationsToHTTP1(_ section: SectionReader) {
        for (route, place) in zip(routes, section.items(of: "routes", count: routes.count))
        where route.grpc.descriptors != nil {
            let slow = route.upstreams.first { upstreams[$0]?.targets.contains { $0.speaks == .http1 } ?? false }
            guard let slow else { continue }
            place.entry(named: route.upstream.isEmpty ? "split" : "upstream").report(
                "gRPC needs HTTP/2, and a target of \(quoted(slow)) speaks HTTP/1.1",
                hint: "write grpc:// or grpcs:// in its URL")
        }
    }
}

extension SectionReader {
    /// Whether a key is not written, or is an empty list.
    fileprivate func isEmptyOrAbsent(_ name: String) -> Bool {
        guard has(name) else { return true }
        if case .list(let items) = place(of: name).node.content { return items.isEmpty }
        return false
    }

    /// The readers of a list's entries; none unless all of them, which are as many, were valid.
    fileprivate func items(of name: String, count: Int) -> [NodeReader] {
        let list = place(of: name)
        guard has(name), case .list(let items) = list.node.content, items.count == count else { return [] }
        return items.indices.map { list.itemReader($0) }
    }
}

extension NodeReader {
    /// The value of a key, or the mapping where it is not written.
    fileprivate func entry(named name: String) -> NodeReader {
        guard case .mapping(let entries) = node.content, let found = entries.first(where: { $0.key == name }) else {
            return self
        }
        return entry(found)
    }
}
