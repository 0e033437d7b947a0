import Credentials
import GatewayCore
import NIOCore
import Policies
import RedisClient

/// The consumers and API keys in Redis as one worker knows them.
///
/// A key that is known costs a look into a table, and Redis nothing. One that is not known costs one round trip, whoever else
/// asks the same at that moment; that it does not exist is remembered for a moment as well. `ConsumerNews` tells of
/// every change, and confirms several times a second that none was missed; so what is known is right within a second, also
/// when an event gets lost. While Redis is away what is known stays good for ten minutes, and of what is not known nobody
/// can say whether it is good: that is `unavailable`, never a refusal.
package final class SharedConsumers {
    package struct Capacity: Sendable {
        package var keys = 65_536
        package var consumers = 32_768
        package var missing = 8192
        package init() {}
    }

    package struct Counters: Hashable, Sendable {
        /// Questions to Redis, and those of them that it did not answer.
        package var asked = 0
        package var unanswered = 0
    }

    typealias KeyMemory = RecordMemory<SharedKey>
    typealias ConsumerMemory = RecordMemory<ConsumerRecord>

    private let link: RedisLink
    private let names: ConsumerNames
    private let keyScript: RedisScriptID
    private let hasher: SHA256Hasher
    private var keys: KeyMemory
    private var consumers: ConsumerMemory
    private var trust = ConsumerTrust()
    /// Whether there has ever been a consumer, key or plan in Redis; until that is known, yes.
    private var isInUse = true
    /// Grows whenever consumers may have changed.
    private(set) var generation = 0
    private var adoptions = 0
    /// Changes of consumers that nobody announced are found after so many confirmations: about 30 s.
    private static let adoptionsPerReread = 150
    package private(set) var counters = Counters()

    /// Registers its script; on the link's loop. It hears of changes for as long as the process lives.
    /// - Throws: `CredentialError` when libcrypto can't be used.
    package init(
        link: RedisLink, namespace: String, news: ConsumerNews, capacity: Capacity = Capacity()
    ) throws(CredentialError) {
        self.link = link
        names = ConsumerNames(namespace: namespace)
        keyScript = link.register(RedisScript(name: "api key", source: PackageResources.key_lua))
        hasher = try SHA256Hasher()
        keys = RecordMemory(found: capacity.keys, missing: capacity.missing)
        consumers = RecordMemory(found: capacity.consumers, missing: capacity.consumers)
        news.add(self, on: link.eventLoop)
    }

    /// Microseconds that also pass while the machine sleeps.
    package static func clock() -> Int { MonotonicClock.microsecondsWithSleep() }

    // MARK: News

    func adopt(_ trust: ConsumerTrust, isInUse: Bool) {
        adoptions &+= 1
        let isDue = adoptions.isMultiple(of: Self.adoptionsPerReread)
        if isDue || trust.epoch != self.trust.epoch || isInUse != self.isInUse { generation += 1 }
        self.trust = trust
        self.isInUse = isInUse
    }

    func hear(_ subject: ConsumerEvent.Subject, _ trust: ConsumerTrust) {
        adopt(trust, isInUse: true)
        generation += 1
        switch subject {
        case .key(let digest): keys.forget(digest)
        case .consumer(let id):
            keys.forget { $0.record.consumer == id }
            consumers.forget(digest(of: id))
        case .plan: break
        }
    }

    // MARK: Keys

    /// What is known, without asking anyone.
    func find(_ key: Digest) -> KeyMemory.Finding {
        guard isInUse else { return .missing }
        var isOld = false
        let finding = keys.find(key, trust, now: Self.clock(), isOld: &isOld)
        if isOld { ask(key, nil) }
        return finding
    }

    /// - Parameter completion: called once, within the link's timeouts, perhaps at once.
    func ask(_ key: Digest, _ completion: KeyMemory.Waiter?) {
        if keys.ask(key, epoch: trust.epoch, now: Self.clock(), waiter: completion) { send(key) }
    }

    private func send(_ key: Digest) {
        counters.asked += 1
        let name = names.key(key.hexadecimal)
        let askedAt = Self.clock()
        link.call(keyScript, keys: 1, arguments: 1) { writer in
            writer.append(name)
            writer.append(link.isClustered ? "" : names.consumer(""))
        } completion: { [self] result in
            guard let reply = (try? result.get()).flatMap({ KeyReply($0) }) else { return conclude(key, nil) }
            guard let record = reply.key else { return conclude(key, .some(nil)) }
            let ends = reply.leftMicroseconds.map { askedAt + $0 }
            if let consumer = reply.consumer {
                return conclude(key, SharedKey(record: record, ends: ends, consumer: consumer))
            }
            // In a cluster it lives in another slot.
            ask(consumer: record.consumer) { [self] answer in
                switch answer {
                case .found(let consumer): conclude(key, SharedKey(record: record, ends: ends, consumer: consumer))
                case .missing: conclude(key, SharedKey(record: record, ends: ends, consumer: nil))
                case .unavailable: conclude(key, nil)
                }
            }
        }
    }

    private func conclude(_ key: Digest, _ result: SharedKey??) {
        if result == nil { counters.unanswered += 1 }
        switch keys.conclude(key, result, trust, now: Self.clock()) {
        case .again: send(key)
        case .tell(let waiters, let answer): for waiter in waiters { waiter(answer) }
        }
    }

    // MARK: Consumers

    /// What is known, without asking anyone.
    func find(consumer id: String) -> ConsumerMemory.Finding {
        guard isInUse, ConsumerNames.isID(id) else { return .missing }
        var isOld = false
        let digest = digest(of: id)
        let finding = consumers.find(digest, trust, now: Self.clock(), isOld: &isOld)
        if isOld, consumers.ask(digest, epoch: trust.epoch, now: Self.clock(), waiter: nil) { send(id, digest) }
        return finding
    }

    /// What is known, or else what Redis answers.
    /// - Parameter completion: called once, within the link's timeouts, perhaps at once.
    func ask(consumer id: String, _ completion: @escaping ConsumerMemory.Waiter) {
        switch find(consumer: id) {
        case .found(let record): completion(.found(record))
        case .missing: completion(.missing)
        case .unsure:
            let digest = digest(of: id)
            if consumers.ask(digest, epoch: trust.epoch, now: Self.clock(), waiter: completion) { send(id, digest) }
        }
    }

    private func send(_ id: String, _ digest: Digest) {
        counters.asked += 1
        let name = names.consumer(id)
        link.send(slot: RedisSlot(of: name)) { writer in
            writer.begin(words: 2)
            writer.append("HGETALL")
            writer.append(name)
        } completion: { [self] result in
            let record = (try? result.get()).map { ConsumerRecord(id: id, fields: $0.value.dictionary) }
            if record == nil { counters.unanswered += 1 }
            switch consumers.conclude(digest, record, trust, now: Self.clock()) {
            case .again: send(id, digest)
            case .tell(let waiters, let answer): for waiter in waiters { waiter(answer) }
            }
        }
    }

    private func digest(of id: String) -> Digest {
        var id = id
        return id.withUTF8 { hasher.digest(UnsafeRawBufferPointer($0)) }
    }
}
