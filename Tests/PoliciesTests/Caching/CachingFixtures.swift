@testable import Policies

/// 2026-11-24 10:00:00 UTC
let cacheNow = 1_795_514_400

/// The facts of a response with these field lines.
func responseFacts(_ status: Int = 200, _ lines: String...) -> CacheResponseFacts {
    responseFacts(status, lines)
}

func responseFacts(_ status: Int, _ lines: [String]) -> CacheResponseFacts {
    StoredFields.facts(Array(lines.map { $0 + "\r\n" }.joined().utf8), status: status, now: cacheNow)
}

func requestFacts(_ fields: (String, String)...) -> CacheRequestFacts {
    var facts = CacheRequestFacts()
    for (name, value) in fields { withText(name) { name in withText(value) { facts.add(name: name, value: $0) } } }
    facts.conclude()
    return facts
}

func withText<Result>(_ text: String, _ body: (FieldText) -> Result) -> Result {
    Array(text.utf8).withUnsafeBufferPointer(body)
}

extension StorageRules.Decision {
    var lifetime: CacheLifetime? { if case .store(let lifetime) = self { lifetime } else { nil } }
    var refusal: StorageRules.Refusal? { if case .refuse(let refusal) = self { refusal } else { nil } }
}
