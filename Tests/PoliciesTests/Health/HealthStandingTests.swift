import Policies
import Testing

@Suite("The standing of a target")
struct HealthStandingTests {
    @Test("it changes after so many answers in a row, and a single contrary one starts the count anew")
    func counts() {
        var check = HealthCheck()
        (check.unhealthyAfter, check.healthyAfter) = (3, 2)
        var standing = HealthStanding()
        let answers = [false, false, true, false, false, false, true, false, true, true, false]
        let healthy = [true, true, true, true, true, false, false, false, false, true, true]
        for (answer, expected) in zip(answers, healthy) {
            let before = standing.isHealthy
            #expect(standing.note(isGood: answer, check) == (before != expected))
            #expect(standing.isHealthy == expected)
        }
    }
}
