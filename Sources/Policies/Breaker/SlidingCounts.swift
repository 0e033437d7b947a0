/// Calls and failures of the last while, in ten slices that are reused in turn: constant memory, however many calls.
///
/// The current slice has only begun, so the window covered is between nine and ten slices long.
struct SlidingCounts: Sendable {
    private struct Slice {
        /// Which slice of time this is; the place of slice n is n mod 10.
        var number = -1
        var failed = 0
        var total = 0
    }
    private static let sliceCount = 10

    private let sliceMicroseconds: Int
    private var slices = InlineArray<10, Slice>(repeating: Slice())

    init(windowMicroseconds: Int) {
        sliceMicroseconds = max(1, windowMicroseconds / Self.sliceCount)
    }

    mutating func add(failed: Bool, now: Int) {
        let number = max(0, now) / sliceMicroseconds
        let place = number % Self.sliceCount
        if slices[place].number < number { slices[place] = Slice(number: number) }
        slices[place].total += 1
        slices[place].failed += failed ? 1 : 0
    }

    func totals(now: Int) -> (failed: Int, total: Int) {
        let oldest = max(0, now) / sliceMicroseconds - Self.sliceCount + 1
        var (failed, total) = (0, 0)
        // A span: taking an element of the array itself copies all of it.
        let slices = slices.span
        for place in slices.indices where slices[place].number >= max(0, oldest) {
            failed += slices[place].failed
            total += slices[place].total
        }
        return (failed, total)
    }

    mutating func removeAll() {
        slices = InlineArray<10, Slice>(repeating: Slice())
    }
}
