/// Time that passes only from one event to the next, for simulations that are the same in every run.
final class VirtualTime {
    private struct Event {
        let time: Int
        let order: Int
        let run: () -> Void
    }

    private(set) var now = 1_000_000
    private var events: [Event] = []
    private var orders = 0

    func after(_ microseconds: Int, _ run: @escaping () -> Void) { at(now + max(0, microseconds), run) }

    func at(_ time: Int, _ run: @escaping () -> Void) {
        orders += 1
        events.append(Event(time: time, order: orders, run: run))
        var child = events.count - 1
        while child > 0, isBefore(events[child], events[(child - 1) / 2]) {
            events.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Runs what happens until then; what comes later stays.
    func run(until end: Int) {
        while let first = events.first, first.time <= end {
            removeFirst()
            now = max(now, first.time)
            first.run()
        }
        now = max(now, end)
    }

    private func removeFirst() {
        events.swapAt(0, events.count - 1)
        events.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < events.count && isBefore(events[child], events[least]) {
                least = child
            }
            if least == parent { return }
            events.swapAt(parent, least)
            parent = least
        }
    }

    private func isBefore(_ left: Event, _ right: Event) -> Bool {
        (left.time, left.order) < (right.time, right.order)
    }
}
