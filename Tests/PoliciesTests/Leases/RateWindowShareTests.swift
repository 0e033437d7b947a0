import Testing

@testable import Policies

@Suite("A node's share of a window")
struct RateWindowShareTests {
    @Test(
        "shares are exact, keep the name, and together have no more tokens than the whole", arguments: [1, 2, 3, 7, 50])
    func share(nodes: Int) {
        for count in [1, 10, 100, 1000] {
            let whole = RateWindow(count: count, periodMicroseconds: 60_000_000)
            let share = whole.share(among: nodes)
            #expect(share.name == whole.name && share.text == whole.text)
            #expect(share.terms.count * nodes * whole.terms.period == whole.terms.count * share.terms.period)
            #expect(RateWindow.startingTokens(of: count, among: nodes) * nodes <= count)
            #expect(share.capacity == max(1, count / nodes))
        }
    }

    @Test("when the live nodes change the bucket keeps its fraction")
    func rescaled() {
        let whole = RateWindow(count: 90, periodMicroseconds: 60_000_000)
        let bucket = TokenBucket(tokens: 10, fraction: 0, updated: 0)
        #expect(bucket.rescaled(from: whole.share(among: 3), to: whole.share(among: 2)).tokens == 15)
    }

    @Test(
        "a share of windows that come back at once is whole tokens",
        arguments: [.sliding, .calendar(.day, zone: "UTC")] as [RateWindow.Kind])
    func whole(kind: RateWindow.Kind) {
        let share = RateWindow(count: 100, periodMicroseconds: 86_400_000_000, kind: kind).share(among: 3)
        #expect(share.count == 33 && share.capacity == 33 && share.kind == kind)
    }
}
