import GatewayCore
import JSON
import Synchronization

/// A capture that somebody has asked for, until it ends.
final class CaptureRule: Sendable {
    let id: String
    let terms: CaptureTerms
    /// The node that was asked for it.
    let madeBy: String
    let endsMicroseconds: Int
    private let isInForce = Atomic<Bool>(true)

    /// - Parameter now: of the monotonic clock: a rule runs its time from when a node hears of it, by that node's clock.
    init(id: String = CaptureRule.newID(), _ terms: CaptureTerms, madeBy: String, now: Int) {
        self.id = id
        self.terms = terms
        self.madeBy = madeBy
        endsMicroseconds = now + terms.seconds * 1_000_000
    }

    /// False from its end on; what is being captured then is captured no further.
    var isActive: Bool { isInForce.load(ordering: .relaxed) }

    func end() { isInForce.store(false, ordering: .relaxed) }

    func isExpired(now: Int) -> Bool { now >= endsMicroseconds }

    static func newID() -> String {
        let digits = Array("0123456789abcdefghjkmnpqrstvwxyz")
        return String((0..<8).map { _ in digits.randomElement() ?? "0" })
    }

    static func isID(_ text: String) -> Bool {
        text.utf8.count == 8
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
    }
}

/// What nodes tell each other of captures, behind `capture ` in `<namespace>:events`: `make {…}`, `end <id>`. Only those
/// that listen at that moment hear of it, and none of what was captured is ever told.
enum CaptureEvent {
    case make(CaptureRule)
    case end(String)

    /// Nil for what is no such event, or not within the bounds that this node keeps to.
    init?(_ text: String, now: Int) {
        let words = text.split(separator: " ", maxSplits: 1)
        guard words.count == 2 else { return nil }
        switch words[0] {
        case "make":
            guard let rule = Self.rule(String(words[1]), now: now) else { return nil }
            self = .make(rule)
        case "end" where CaptureRule.isID(String(words[1])): self = .end(String(words[1]))
        default: return nil
        }
    }

    var text: String {
        switch self {
        case .make(let rule):
            let members = [("id", JSONValue.string(rule.id)), ("node", .string(rule.madeBy))] + rule.terms.members
            return "make " + String(decoding: JSONWriter.write(JSONValue(members: members)), as: UTF8.self)
        case .end(let id): return "end \(id)"
        }
    }

    private static func rule(_ text: String, now: Int) -> CaptureRule? {
        guard let object = (try? JSONReader.read(Array(text.utf8)))?.object, let id = object["id"]?.string,
            CaptureRule.isID(id), let node = object["node"]?.string,
            let rest = JSONObject(object.members.filter { !["id", "node"].contains($0.name) }),
            let terms = try? CaptureTerms(rest)
        else { return nil }
        return CaptureRule(id: id, terms, madeBy: String(node.prefix(128)), now: now)
    }
}
