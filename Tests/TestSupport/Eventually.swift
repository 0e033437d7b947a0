/// Polls until the condition holds; throws with `what` when it does not within the time.
/// An error thrown by the condition counts as "not yet", and is told when time runs out.
package func eventually(
    _ what: String, within limit: Duration = .seconds(10), every interval: Duration = .milliseconds(5),
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while true {
        var lastError = ""
        do {
            if try await condition() { return }
        } catch {
            lastError = " (last error: \(error))"
        }
        if ContinuousClock.now >= deadline { throw TestFailure("not within \(limit): \(what)\(lastError)") }
        try await Task.sleep(for: interval)
    }
}
