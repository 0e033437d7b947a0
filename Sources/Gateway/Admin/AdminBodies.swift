import JSON

extension JSONValue {
    /// The object that a body is.
    /// - Throws: `AdminMistake` that ends with what was expected.
    static func object(of body: [UInt8], expectation: String) throws(AdminMistake) -> JSONObject {
        let value: JSONValue
        do throws(JSONFailure) {
            value = try JSONReader.read(body)
        } catch {
            throw AdminMistake("the body is no JSON: \(error.reason) at byte \(error.offset); \(expectation)")
        }
        guard let object = value.object else { throw AdminMistake(expectation) }
        return object
    }
}

/// Lengths of time in bodies: `"90s"`, `"10m"`, `"1h"`, `"1d"`.
enum AdminTime {
    /// Nil for anything else, and for more than a year.
    static func microseconds(_ value: JSONValue) -> Int? {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let text = value.string, let unit = text.last.flatMap({ units[$0] }), let count = Int(text.dropLast()),
            (1...366 * 86_400 / unit).contains(count)
        else { return nil }
        return count * unit * 1_000_000
    }
}
