import Testing

@testable import JSON

@Suite("JSON numbers")
struct JSONNumberTests {
    @Test(
        "whole numbers are exact, whatever their spelling",
        arguments: [
            ("0", 0), ("-0", 0), ("0.000", 0), ("0e99999999999", 0), ("1300819380", 1_300_819_380),
            ("1.3008193800e9", 1_300_819_380),
            ("13008193800E-1", 1_300_819_380), ("-12", -12), ("1e+3", 1000), ("999999999999999", 999_999_999_999_999),
            ("0.0012e4", 12),
        ])
    func integers(text: String, value: Int) {
        #expect(JSONNumber(validText: text).integer == value)
        #expect(JSONNumber(validText: text).roundedUp == value)
    }

    @Test(
        "fractions round up, and are no integers",
        arguments: [
            ("0.1", 1), ("1300819380.5", 1_300_819_381), ("1300819380.0000000000000000000001", 1_300_819_381),
            ("1e-400", 1),
            ("-1.5", -1), ("-0.5", 0), ("15e-1", 2),
        ])
    func fractions(text: String, roundedUp: Int) {
        #expect(JSONNumber(validText: text).integer == nil)
        #expect(JSONNumber(validText: text).roundedUp == roundedUp)
    }

    @Test(
        "what is beyond reason is no time",
        arguments: ["1e16", "1e400", "-1e99999999999999999999", "99999999999999999999"])
    func outOfRange(text: String) {
        #expect(JSONNumber(validText: text).integer == nil)
        #expect(JSONNumber(validText: text).roundedUp == nil)
    }
}
