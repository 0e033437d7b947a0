import GatewayCore
import JSON
import NIOCore
import Policies

/// One step under way within one aggregation: its request, or one for each element of its list.
///
/// Elements that would make the same request share it.
final class StepRun {
    let place: Int
    let step: AggregationStep
    private unowned let call: AggregatedCall
    private let startedMicroseconds = MonotonicClock.microseconds()
    private(set) var tookMicroseconds: Int?
    private var written: [StepHead.Written] = []
    /// Of each element, its request.
    private var requestOfElement: [Int] = []
    private var fan = FanOut(count: 0, parallel: 1)
    private var requests: [StepRequest] = []
    private var results: [RawJSON?] = []
    /// Elements of an optional step have come to nothing.
    private(set) var isPartial = false
    private var deadline: Scheduled<Void>?
    private var isPumping = false
    private var isOver = false

    init(_ place: Int, of call: AggregatedCall) {
        self.place = place
        self.call = call
        step = call.plan.steps[place]
    }

    func start() {
        do throws(StepFailure) {
            try prepare()
        } catch {
            return settle(.failure(error))
        }
        fan = FanOut(count: written.count, parallel: step.parallel)
        results = Array(repeating: nil, count: written.count)
        setDeadline()
        pump()
    }

    func cancel() {
        guard !isOver else { return }
        isOver = true
        deadline?.cancel()
        for request in requests { request.cancel() }
    }

    // MARK: Preparing

    private func prepare() throws(StepFailure) {
        let head = StepHead(step: step, plan: call.plan)
        var values = call.values
        guard let list = step.each else {
            written = [try head.write(call.outer.request, from: values)]
            requestOfElement = [0]
            return
        }
        let elements = try elements(of: list, values)
        var places: [StepHead.Written: Int] = [:]
        for (index, element) in elements.enumerated() {
            (values.item, values.index) = (element, index)
            let request = try head.write(call.outer.request, from: values)
            let known = step.isSafe ? places[request] : nil
            requestOfElement.append(known ?? written.count)
            guard known == nil else { continue }
            places[request] = written.count
            written.append(request)
        }
    }

    private func elements(
        of list: AggregationReference, _ values: AggregationValues
    ) throws(StepFailure) -> [RawJSON] {
        guard let value = values.json(of: list), let elements = value.elements else {
            throw .noList(call.plan.name(of: list))
        }
        guard elements.count <= step.mostItems else {
            throw .tooManyItems(elements.count, most: step.mostItems)
        }
        return elements
    }

    // MARK: Asking

    /// Begins with as many requests as may be under way. One that is answered at once comes back here before its `start`
    /// has returned: the loop that is running goes on then.
    private func pump() {
        guard !isPumping else { return }
        isPumping = true
        while !isOver, let next = fan.next() { begin(next) }
        isPumping = false
        if !isOver, fan.isComplete { settle(.success(joined())) }
    }

    private func begin(_ index: Int) {
        let request = StepRequest(index, of: self, written[index])
        requests.append(request)
        request.start(
            written[index].head, for: call.outer, service: call.service.services[place], limit: timeLeft)
    }

    private var timeLeft: Int? {
        step.timeoutMicroseconds.map { max(startedMicroseconds + $0 - MonotonicClock.microseconds(), 1) }
    }

    /// Forwarding keeps the time itself, and tells the breaker; a cache in front of it does not.
    private func setDeadline() {
        guard let limit = step.timeoutMicroseconds, call.service.isCached[place] else { return }
        let bound = NIOLoopBound(self, eventLoop: call.service.loop)
        deadline = call.service.loop.scheduleTask(in: .microseconds(Int64(limit))) {
            let run = bound.value
            if !run.isOver { run.settle(.failure(.timedOut)) }
        }
    }

    /// So many bytes more of what all steps may answer.
    func claim(_ bytes: Int) -> StepFailure? { call.claim(bytes) }

    func finished(_ index: Int, _ result: Result<RawJSON, StepFailure>, _ record: ExchangeRecord) {
        call.count(place, record, isFailure: (try? result.get()) == nil)
        guard !isOver else { return }
        fan.finish()
        switch result {
        case .success(let value): results[index] = value
        case .failure(let failure):
            // One element of many, none of which has to be there.
            guard step.isOptional, step.each != nil else { return settle(.failure(failure)) }
            isPartial = true
        }
        pump()
    }

    private func joined() -> RawJSON {
        let all = requestOfElement.map { results[$0] ?? .null }
        return step.each == nil ? all.first ?? .null : .array(all)
    }

    private func settle(_ result: Result<RawJSON, StepFailure>) {
        tookMicroseconds = MonotonicClock.microseconds() - startedMicroseconds
        cancel()
        call.settled(place, result)
    }
}

extension AggregationStep {
    /// RFC 9110 §9.2.1: asking once does what asking twice does.
    fileprivate var isSafe: Bool { method == "GET" || method == "HEAD" }
}
