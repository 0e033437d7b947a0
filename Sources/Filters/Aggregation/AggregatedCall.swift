import GatewayCore
import HTTPWire
import JSON
import NIOCore
import Policies

/// One request that is answered from several services: runs the steps as soon as they can, and makes one answer of theirs.
///
/// The client's side keeps it alive; it keeps its steps.
final class AggregatedCall {
    let outer: Exchange
    let service: AggregationService
    private var progress: AggregationProgress
    private var answers: [RawJSON?]
    private var failures: [StepFailure?]
    private var runs: [StepRun?]
    private var bytes = 0
    private var attempts = 0
    private var deadline: Scheduled<Void>?
    private let startedMicroseconds = MonotonicClock.microseconds()
    private var isOver = false

    var plan: AggregationPlan { service.plan }

    init(_ outer: Exchange, _ service: AggregationService) {
        self.outer = outer
        self.service = service
        progress = AggregationProgress(service.plan.graph)
        answers = Array(repeating: nil, count: service.plan.steps.count)
        failures = Array(repeating: nil, count: service.plan.steps.count)
        runs = Array(repeating: nil, count: service.plan.steps.count)
    }

    func start() {
        outer.downstream.attach(self)
        let bound = NIOLoopBound(self, eventLoop: service.loop)
        deadline = service.loop.scheduleTask(in: .microseconds(Int64(plan.timeoutMicroseconds))) {
            bound.value.expire()
        }
        act(progress.begin())
    }

    var values: AggregationValues {
        AggregationValues(request: service.values(of: outer), answers: answers)
    }

    // MARK: Steps

    private func act(_ reaction: AggregationProgress.Reaction) {
        if let end = reaction.end { return conclude(end) }
        for place in reaction.start where !isOver {
            let run = StepRun(place, of: self)
            runs[place] = run
            run.start()
        }
    }

    func settled(_ place: Int, _ result: Result<RawJSON, StepFailure>) {
        guard !isOver else { return }
        switch result {
        case .success(let value):
            answers[place] = value
            act(progress.delivered(place))
        case .failure(let failure):
            failures[place] = failure
            act(progress.failed(place))
        }
    }

    func claim(_ more: Int) -> StepFailure? {
        bytes += more
        outer.buffered(more)
        return bytes > plan.maximumBytes ? .tooMuch(plan.maximumBytes) : nil
    }

    /// What asking a service came to.
    func count(_ place: Int, _ record: ExchangeRecord, isFailure: Bool) {
        attempts += record.attempts
        service.count(place, record, isFailure: isFailure)
    }

    private func expire() {
        if !isOver { act(progress.expired()) }
    }

    // MARK: The end

    private func conclude(_ end: AggregationProgress.End) {
        finish()
        switch end {
        case .complete: respond()
        case .failed(let place):
            let failure = failures[place] ?? .expired
            outer.record.failure = failure.failure
            let step = plan.steps[place]
            outer.answer(failure.reply(step: step.name, dependsOnSteps: !step.needs.isEmpty, to: outer))
        }
    }

    /// Whatever is still under way is of no use any more.
    private func finish() {
        isOver = true
        deadline?.cancel()
        for run in runs { run?.cancel() }
        outer.record.upstreamMicroseconds = MonotonicClock.microseconds() - startedMicroseconds
        outer.record.attempts = attempts
    }

    private func respond() {
        let values = self.values
        let missing = missingSteps
        var body: [UInt8] = []
        plan.body.render(into: &body, from: values)
        if !missing.isEmpty { mark(&body) }
        let text = AggregatedHead(plan: plan).write(values, length: body.count, missing: missing, timings: timings)
        let head = ResponseHead()
        let outcome = text.withUnsafeBufferPointer {
            head.parse($0, answersHEAD: outer.request.isHEAD, limit: $0.count + 1)
        }
        guard case .complete = outcome else {
            return outer.answer(.badGateway("The answer's header fields can't be sent."))
        }
        outer.responseObserver?.responseStarted(head, for: outer)
        outer.downstream.respond(head, body: outer.request.isHEAD ? nil : ByteBuffer(bytes: body), isComplete: true)
    }

    /// Names of the steps that have not delivered all that they should have.
    private var missingSteps: [String] {
        let missing = Set(progress.missing)
        return plan.steps.indices.filter { missing.contains($0) || runs[$0]?.isPartial == true }.map {
            plan.steps[$0].name
        }
    }

    /// Adds the member that says that something is missing; `body` is an object, or has none.
    private func mark(_ body: inout [UInt8]) {
        guard let member = plan.partialMember, body.last == UInt8(ascii: "}") else { return }
        body.removeLast()
        if body.count > 1 { body.append(UInt8(ascii: ",")) }
        JSONWriter.append(member, to: &body)
        body += ":true}".utf8
    }

    private var timings: [AggregatedHead.Timing] {
        plan.steps.indices.compactMap { place in
            runs[place]?.tookMicroseconds.map { AggregatedHead.Timing(step: plan.steps[place].name, microseconds: $0) }
        }
    }
}

extension AggregatedCall: ResponseProducer {
    /// No step refers to the client's body: it is read so that the connection can go on.
    func receiveBody(_ bytes: ByteBuffer, isEnd: Bool, trailers: [UInt8]) {}

    func clientLost() {
        if !isOver { finish() }
    }

    func clientWritabilityChanged(isWritable: Bool) {}
}
