import NIOCore
import RedisClient

/// The places under limits of concurrency that requests of this worker hold in Redis: renewed every few seconds while
/// their requests run, given back when they end. Those of a node that dies lapse.
final class HeldPlaces {
    private let link: RedisLink
    private let renewal: RedisScriptID
    private let holder: String
    /// By the request's number; the keys of the sets its places are in.
    private var held: [Int: [[UInt8]]] = [:]
    private var latest = 0
    private var isScheduled = false
    /// A third of the time that a place lasts.
    private static let interval = TimeAmount.seconds(3)
    /// Members that one call renews.
    private static let mostAtOnce = 1000

    init(link: RedisLink, holder: String) {
        self.link = link
        self.holder = holder
        renewal = link.register(RedisScript(name: "places", source: PackageResources.places_lua))
    }

    /// A number for a request that may get places.
    func nextSerial() -> Int {
        latest += 1
        return latest
    }

    func hold(_ serial: Int, keys: [[UInt8]]) {
        held[serial] = keys
        schedule()
    }

    func release(_ serial: Int) {
        guard let keys = held.removeValue(forKey: serial) else { return }
        giveBack(serial, keys: keys)
    }

    /// Removes places that may or may not have been taken: a question whose answer never came.
    func giveBack(_ serial: Int, keys: [[UInt8]]) {
        for key in keys {
            link.send(slot: slot(of: key)) { writer in
                writer.begin(words: 3)
                writer.append("ZREM")
                writer.append(key)
                writer.append("\(holder):\(serial)")
            } completion: { _ in
            }
        }
    }

    private func schedule() {
        guard !isScheduled, !held.isEmpty else { return }
        isScheduled = true
        link.eventLoop.assumeIsolated().scheduleTask(in: Self.interval) { [weak self] in
            self?.isScheduled = false
            self?.renew()
            self?.schedule()
        }
    }

    private func renew() {
        var serials: [[UInt8]: [Int]] = [:]
        for (serial, keys) in held { for key in keys { serials[key, default: []].append(serial) } }
        for (key, members) in serials {
            for start in stride(from: 0, to: members.count, by: Self.mostAtOnce) {
                renew(members[start..<min(start + Self.mostAtOnce, members.count)], of: key)
            }
        }
    }

    private func renew(_ serials: ArraySlice<Int>, of key: [UInt8]) {
        link.call(renewal, slot: slot(of: key), keys: 1, arguments: serials.count) { writer in
            writer.append(key)
            for serial in serials { writer.append("\(holder):\(serial)") }
        } completion: { _ in
        }
    }

    private func slot(of key: [UInt8]) -> RedisSlot? {
        link.isClustered ? key.withUnsafeBytes { RedisSlot(of: $0) } : nil
    }
}
