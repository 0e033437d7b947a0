/// The names of consumers, keys and plans in Redis (STATE.md, "Keys").
package struct ConsumerNames: Hashable, Sendable {
    package let namespace: String

    package init(namespace: String) { self.namespace = namespace }

    /// Counts the changes of all that is named here.
    var version: String { "\(namespace):consumers:version" }
    var channel: String { "\(namespace):events" }
    func consumer(_ id: String) -> String { "\(namespace):consumer:\(id)" }
    /// - Parameter sha256: 64 hexadecimal digits in lower case.
    func key(_ sha256: String) -> String { "\(namespace):key:\(sha256)" }
    /// The digests of a consumer's keys: a set.
    func keys(of id: String) -> String { "\(namespace):keys:\(id)" }
    func plan(_ name: String) -> String { "\(namespace):plan:\(name)" }
    /// The names of all plans: a set.
    var plans: String { "\(namespace):plans" }

    /// As in the configuration: visible ASCII without braces.
    package static func isID(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x7B && $0 != 0x7D }
    }
}
