import HTTPWire
import Policies

@testable import Filters

/// The one Redis of a simulation.
final class SimulatedRedis {
    private let time: VirtualTime
    private var buckets: [String: ModelBucket] = [:]
    /// When tokens were charged for requests, and how many, by key.
    private(set) var charges: [String: [(time: Int, cost: Int)]] = [:]

    init(_ time: VirtualTime) { self.time = time }

    struct Item {
        let key: String
        let policy: LimitPolicy
        let cost: Int
        let ask: LeaseAsk?
    }

    func take(_ items: [Item], holder: String) -> (isAdmitted: Bool, answers: [ModelBucket.Answer]) {
        let now = time.now
        let trial = items.map { item in
            var copy = bucket(item)
            return copy.take(item.cost, item.ask, holder: holder, now: now).isAdmitted
        }
        let isAdmitted = trial.allSatisfy { $0 }
        let answers = items.map { item in
            var bucket = bucket(item)
            let answer = bucket.take(item.cost, item.ask, holder: holder, isVetoed: !isAdmitted, now: now)
            buckets[item.key] = bucket
            if isAdmitted, item.cost > 0 { charges[item.key, default: []].append((now, item.cost)) }
            return answer
        }
        return (isAdmitted, answers)
    }

    func charge(_ item: Item) {
        var bucket = bucket(item)
        bucket.charge(item.cost, now: time.now)
        buckets[item.key] = bucket
    }

    private func bucket(_ item: Item) -> ModelBucket {
        buckets[item.key] ?? ModelBucket(item.policy.windows, now: time.now)
    }
}

/// A worker's way to it: with delays, and losses if told so.
final class SimulatedConnection: RateLimitStore {
    private let time: VirtualTime
    private let redis: SimulatedRedis
    private let holder: String
    private var random: Seeded
    private(set) var commands = 0
    /// Microseconds each way.
    var delay = 100...400
    /// Of a hundred questions, those that never arrive, and those whose answer never does.
    var lostQuestions = 0
    var lostAnswers = 0
    /// Of a hundred questions, those that arrive after their time limit.
    var lateQuestions = 0
    /// While Redis is away nothing arrives at all.
    var isDown = false
    static let timeout = 50_000

    init(_ time: VirtualTime, _ redis: SimulatedRedis, holder: String, seed: UInt64) {
        self.time = time
        self.redis = redis
        self.holder = holder
        random = Seeded(seed: seed)
    }

    func take(_ request: TakeRequest) -> Bool {
        commands += 1
        let items = request.entries.map { entry in
            SimulatedRedis.Item(
                key: "\(entry.policy.name):\(request.subject(of: entry).text)", policy: entry.policy, cost: entry.cost,
                ask: entry.ask)
        }
        let question = Question(request)
        time.after(Self.timeout) {
            guard let request = question.close() else { return }
            request.conclude(.unavailable)
            request.waiter?.decided(request)
        }
        if isDown || random.chance(lostQuestions) { return false }
        let isLost = random.chance(lostAnswers)
        let wayThere = random.chance(lateQuestions) ? random.number(40_000...300_000) : random.number(delay)
        let wayBack = random.number(delay)
        time.after(wayThere) { [self] in
            let answer = redis.take(items, holder: holder)
            guard !isLost else { return }
            time.after(wayBack) { Self.deliver(answer.isAdmitted, answer.answers, to: question) }
        }
        return false
    }

    func charge(_ policy: LimitPolicy, subject: Bytes, amount: Int) {
        commands += 1
        let item = SimulatedRedis.Item(
            key: "\(policy.name):\(subject.text)", policy: policy, cost: amount, ask: nil)
        guard !isDown else { return }
        time.after(delay.lowerBound) { [redis] in redis.charge(item) }
    }

    private static func deliver(_ isAdmitted: Bool, _ answers: [ModelBucket.Answer], to question: Question) {
        guard let request = question.close() else { return }
        for (index, answer) in answers.enumerated() {
            request.entries[index].grant = answer.grant
            for state in answer.states { request.append(state) }
        }
        request.conclude(isAdmitted ? .admitted : .refused)
        request.waiter?.decided(request)
    }

    private final class Question {
        private var request: TakeRequest?
        init(_ request: TakeRequest) { self.request = request }
        func close() -> TakeRequest? {
            defer { request = nil }
            return request
        }
    }
}
