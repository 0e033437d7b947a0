/// One step made for each element of a list: so many at a time, in their order.
package struct FanOut: Hashable {
    package let count: Int
    private let parallel: Int
    private var begun = 0
    private var finished = 0

    /// - Parameter parallel: at least 1.
    package init(count: Int, parallel: Int) {
        self.count = count
        self.parallel = max(parallel, 1)
    }

    package var isComplete: Bool { finished == count }

    /// The next element to begin with, if there is one and room for it.
    package mutating func next() -> Int? {
        guard begun < count, begun - finished < parallel else { return nil }
        begun += 1
        return begun - 1
    }

    /// An element that was begun is done.
    package mutating func finish() {
        assert(finished < begun)
        finished += 1
    }
}
