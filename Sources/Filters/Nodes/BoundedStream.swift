import RedisClient

/// A stream of Redis that holds about so many entries, and goes when nothing more comes.
struct BoundedStream: Sendable {
    typealias Entry = [(name: String, value: String)]

    let key: String
    let most: Int
    let lifeMilliseconds: Int
    /// As many as a script's stack of words surely holds.
    private static let mostAtOnce = 100

    /// Nobody waits for it, and what can't be told is lost.
    func append(_ entries: [Entry], to client: RedisClient) async {
        let script = String(decoding: PackageResources.append_lua, as: UTF8.self)
        for start in stride(from: 0, to: entries.count, by: Self.mostAtOnce) {
            let batch = entries[start..<min(start + Self.mostAtOnce, entries.count)]
            var words = ["EVAL", script, "1", key, "\(most)", "\(lifeMilliseconds)", "\(batch.count)"]
            for entry in batch {
                words.append("\(entry.count * 2)")
                for field in entry { words += [field.name, field.value] }
            }
            _ = try? await client.send(words, routedBy: key)
        }
    }

    /// Entries after an id, oldest first, with the times in their ids: milliseconds on the clock of Redis.
    static func read(
        _ key: String, after: Int, most: Int, from client: RedisClient
    ) async throws -> [(time: Int, fields: [String: String])] {
        let start = after > 0 ? "(\(after)-18446744073709551615" : "-"
        return parse(try await client.send("XRANGE", key, start, "+", "COUNT", "\(most)", routedBy: key))
    }

    /// The latest entries, newest first.
    static func latest(
        _ key: String, most: Int, from client: RedisClient
    ) async throws -> [(time: Int, fields: [String: String])] {
        parse(try await client.send("XREVRANGE", key, "+", "-", "COUNT", "\(most)", routedBy: key))
    }

    static func parse(_ reply: RedisValue) -> [(time: Int, fields: [String: String])] {
        reply.elements.compactMap { entry in
            guard entry.elements.count == 2, let id = entry.elements[0].text,
                let time = id.split(separator: "-").first.flatMap({ Int($0) })
            else { return nil }
            return (time, entry.elements[1].dictionary)
        }
    }
}
