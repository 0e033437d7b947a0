import ArgumentParser
import Foundation
import RedisClient

/// `sluice nodes`: who is alive, from Redis alone.
struct NodesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodes", abstract: "List the nodes that share the state.",
        discussion: "Example: sluice nodes --redis redis://127.0.0.1:6379/0")

    @OptionGroup var state: StateOptions

    private struct Node: Encodable {
        let id: String
        let lastSeenMicroseconds: Int
        let address: String?
        let version: String?
        let startedMicroseconds: Int?
    }

    func run() async throws {
        let reader = try await state.connect()
        let nodes = try await nodes(reader)
        await reader.close()
        if state.json { return try printJSON(nodes) }
        var table = TextTable("NODE", "ADDRESS", "VERSION", "SEEN", "UP")
        for node in nodes {
            table.add(
                node.id, node.address ?? "-", node.version ?? "-",
                "\(spanText(microseconds: node.lastSeenMicroseconds)) ago",
                node.startedMicroseconds.map { spanText(microseconds: $0) } ?? "-")
        }
        print(nodes.isEmpty ? "No node is alive in namespace \(reader.namespace)." : table.text)
    }

    private func nodes(_ reader: SharedStateReader) async throws -> [Node] {
        let now = try await reader.now()
        let key = "\(reader.namespace):nodes"
        // A node that has been silent for five seconds is not counted by the others either.
        let flat = try await reader.client.send(
            "ZRANGEBYSCORE", key, "\(now - 5_000_000)", "+inf", "WITHSCORES", routedBy: key
        ).elements
        var nodes: [Node] = []
        for index in stride(from: 0, to: flat.count - 1, by: 2) {
            let id = flat[index].text ?? ""
            let fields = try await reader.hash("\(reader.namespace):node:\(id)")
            nodes.append(
                Node(
                    id: id, lastSeenMicroseconds: max(0, now - Int(Double(flat[index + 1].text ?? "") ?? 0)),
                    address: fields["address"], version: fields["version"],
                    startedMicroseconds: fields["started"].flatMap { Int($0) }.map { max(0, now - $0) }))
        }
        return nodes.sorted { $0.id < $1.id }
    }
}
