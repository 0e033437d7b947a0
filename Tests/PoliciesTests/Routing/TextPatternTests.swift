import Testing

@testable import Policies

@Suite struct TextPatternTests {
    private func matches(_ expression: String, _ value: String) throws -> Bool {
        var value = value
        let pattern = try TextPattern(expression)
        return value.withUTF8 { pattern.matches(FieldBytes(header: $0)) }
    }

    @Test(
        "an expression matches what it says",
        arguments: [
            ("^[0-9]+$", ["1", "0123"], ["", "a", "1a", "a1", "1 "]),
            ("[0-9]", ["a1b"], ["", "ab"]),
            ("^a|b$", ["ax", "xb", "ab"], ["xa", "bx", ""]),
            ("(^|,)x(,|$)", ["x", "x,y", "y,x", "a,x,b"], ["xy", "y,xz", ""]),
            ("^(?:ab){2,3}$", ["abab", "ababab"], ["ab", "abababab", "aba"]),
            ("^a{2}$", ["aa"], ["a", "aaa"]),
            ("^a{2,}$", ["aa", "aaaa"], ["a"]),
            ("^a{0,1}b?c*$", ["", "a", "b", "abccc"], ["aa", "cb"]),
            ("^\\d\\w\\s\\D\\W\\S$", ["1_ a-b"], ["a_ a-b", "1_ 1-b", "1_ aab"]),
            ("^[^a-c]$", ["d", "-"], ["a", "b", ""]),
            ("^[]a-]$", ["]", "a", "-"], ["b"]),
            ("^[\\]\\d_]$", ["]", "7", "_"], ["\\", "d"]),
            ("^a.c$", ["abc", "a.c"], ["a\nc", "ac"]),
            ("^a\\.c$", ["a.c"], ["abc"]),
            ("(?i)^De-[a-f]$", ["de-A", "DE-f"], ["de-g", "fr-a"]),
            ("^ü+$", ["ü", "üü"], ["u", ""]),
            ("^(ä|ö)$", ["ä", "ö"], ["a", "äö"]),
            ("", ["", "x"], []),
            ("^$", [""], ["x"]),
            ("^((a*)*)*$", ["", "aaa"], ["b"]),
            ("a(|b)c", ["ac", "abc"], ["adc"]),
            ("x{0}y", ["y", "xy"], ["x"]),
        ] as [(String, [String], [String])])
    func table(expression: String, accepted: [String], refused: [String]) throws {
        for value in accepted { #expect(try matches(expression, value), "\(value)") }
        for value in refused { #expect(try !matches(expression, value), "\(value)") }
    }

    @Test(
        "what the dialect lacks is refused with a reason",
        arguments: [
            ("(", "without its \")\""), ("a)", "without its \"(\""), ("[a", "without its \"]\""), ("[]", "without its"),
            ("*a", "nothing before"), ("a|+", "nothing before"), ("a**", "follow each other"),
            ("a+?", "follow each other"),
            ("a{", "repetition such as"), ("a{3,2}", "repetition such as"), ("a{,2}", "repetition such as"),
            ("a{256}", "repetition such as"), ("a{2,x}", "repetition such as"),
            ("\\b", "word borders"), ("(a)\\1", "back references"), ("a\\", "lone"),
            ("(?=a)", "looked ahead"), ("a(?i)", "looked ahead"),
            ("[z-a]", "lower character"), ("[\\d-z]", "lower character"), ("[ä]", "ASCII"),
            ("(a{200}){200}", "too large"), ("(((((){255}){255}){255}){255}){255}", "too large"),
            (String(repeating: "(", count: 40) + String(repeating: ")", count: 40), "nested deeper"),
            (String(repeating: "a", count: 1025), "longer than"),
        ])
    func refused(expression: String, hint: String) {
        let error = #expect(throws: TextPattern.Malformed.self) { try TextPattern(expression) }
        #expect(error?.reason.contains(hint) == true, "\(error?.reason ?? "no reason")")
    }

    @Test("random expressions agree with the standard library's engine")
    func agreesWithRegex() throws {
        var random = Seeded(seed: 7)
        for _ in 0..<400 {
            let expression =
                (random.chance(30) ? "^" : "") + "(?:\(randomExpression(&random, depth: 3)))"
                + (random.chance(30) ? "$" : "")
            let reference = try Regex(expression)
            for _ in 0..<8 {
                let value = String((0..<random.number(0...7)).map { _ in random.oneOf(["a", "b", "c"]) as Character })
                let expected = try reference.firstMatch(in: value) != nil
                #expect(try matches(expression, value) == expected, "\(expression) on \(value)")
            }
        }
    }

    private func randomExpression(_ random: inout Seeded, depth: Int) -> String {
        let atoms = ["a", "b", "c", ".", "[ab]", "[^a]", "\\w"]
        guard depth > 0 else { return random.oneOf(atoms) }
        switch random.number(0...4) {
        case 0: return random.oneOf(atoms)
        case 1: return (0..<random.number(1...3)).map { _ in randomExpression(&random, depth: depth - 1) }.joined()
        case 2:
            return "(?:\(randomExpression(&random, depth: depth - 1))|\(randomExpression(&random, depth: depth - 1)))"
        default:
            return "(?:\(randomExpression(&random, depth: depth - 1)))" + random.oneOf(["*", "+", "?", "{2}", "{1,2}"])
        }
    }

    @Test("an expression that ruins backtracking engines is matched in linear time")
    func linear() throws {
        let value = String(repeating: "a", count: 4096) + "!"
        var isMatch = true
        let duration = try ContinuousClock().measure { isMatch = try matches("^(a+)+$", value) }
        #expect(!isMatch)
        #expect(duration < .seconds(5))
    }
}
