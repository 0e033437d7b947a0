import Testing

@testable import RedisClient

@Suite("connection state machine")
struct RedisConnectionStateTests {
    typealias State = RedisConnectionState
    typealias Actions = RedisConnectionState.Actions

    private func state(after events: State.Event...) -> State {
        var state = State(shortestPauseMicroseconds: 50_000, longestPauseMicroseconds: 2_000_000)
        for event in events { _ = state.handle(event, jitter: 0.5) }
        return state
    }

    @Test("the way to ready: connect, greet, report")
    func wayToReady() {
        var state = state()
        #expect(state.handle(.start, jitter: 0) == Actions(connect: true))
        #expect(state.handle(.opened, jitter: 0) == Actions(sendHandshake: true))
        #expect(state.handle(.greeted, jitter: 0) == Actions(report: .connected))
        #expect(state.phase == .ready)
    }

    @Test("a working connection that breaks fails what is pending and pauses before the next attempt")
    func lost() {
        var state = state(after: .start, .opened, .greeted)
        let actions = state.handle(.failed(.stalled), jitter: 0.5)
        #expect(
            actions
                == Actions(
                    closeChannel: true, report: .lost(.stalled), failPending: .disconnected, pauseMicroseconds: 25_000))
        #expect(state.handle(.pauseEnded, jitter: 0) == Actions(connect: true))
    }

    @Test("a refused handshake closes the channel and counts as unreachable")
    func refusedHandshake() {
        var state = state(after: .start, .opened)
        let actions = state.handle(.failed(.server("WRONGPASS")), jitter: 0)
        #expect(
            actions
                == Actions(
                    closeChannel: true, report: .unreachable(.server("WRONGPASS"), attempt: 1),
                    failPending: .disconnected, pauseMicroseconds: 0))
    }

    @Test("pauses double from 50 ms to 2 s, are spread over their whole range, and start over once ready")
    func pauses() {
        var state = state()
        _ = state.handle(.start, jitter: 0)
        var bounds: [Int?] = []
        for _ in 0..<8 {
            bounds.append(state.handle(.failed(.timeout), jitter: 0.999_999_999).pauseMicroseconds.map { $0 + 1 })
            _ = state.handle(.pauseEnded, jitter: 0)
        }
        #expect(bounds == [50_000, 100_000, 200_000, 400_000, 800_000, 1_600_000, 2_000_000, 2_000_000])
        #expect(state.handle(.failed(.timeout), jitter: 0).pauseMicroseconds == 0)
        _ = state.handle(.pauseEnded, jitter: 0)
        _ = state.handle(.opened, jitter: 0)
        _ = state.handle(.greeted, jitter: 0)
        #expect(state.handle(.failed(.timeout), jitter: 0.5).pauseMicroseconds == 25_000)
    }

    @Test("closed is final from every phase, and only a live channel is closed")
    func closing() {
        let phases: [(State, Bool)] = [
            (state(), false), (state(after: .start), false), (state(after: .start, .opened), true),
            (state(after: .start, .opened, .greeted), true), (state(after: .start, .failed(.timeout)), false),
        ]
        for (phase, hasChannel) in phases {
            var state = phase
            #expect(
                state.handle(.close, jitter: 0)
                    == Actions(closeChannel: hasChannel, report: .closed, failPending: .closed))
            for event in [State.Event.start, .opened, .greeted, .failed(.timeout), .pauseEnded, .close] {
                #expect(state.handle(event, jitter: 0) == Actions())
                #expect(state.phase == .closed)
            }
        }
    }

    @Test("an event that comes too late for its phase changes nothing")
    func lateEvents() {
        let late: [(State, [State.Event])] = [
            (state(), [.opened, .greeted, .failed(.timeout), .pauseEnded]),
            (state(after: .start), [.start, .greeted, .pauseEnded]),
            (state(after: .start, .opened), [.start, .opened, .pauseEnded]),
            (state(after: .start, .opened, .greeted), [.start, .opened, .greeted, .pauseEnded]),
            (state(after: .start, .failed(.timeout)), [.start, .opened, .greeted, .failed(.timeout)]),
        ]
        for (phase, events) in late {
            for event in events {
                var state = phase
                #expect(state.handle(event, jitter: 0) == Actions())
                #expect(state == phase)
            }
        }
    }
}
