import Credentials
import GatewayCore
import JSON
import NIOCore

/// The cache in the admin API: `GET /api/cache` says what there is, `POST /api/cache/purge` removes from it.
enum AdminCache {
    /// `{"url": …}`, `{"route": …}` or `{"tag": …}`, and `"soft": true` if it is only to become stale.
    static func order(_ body: [UInt8]) throws(AdminMistake) -> CachePurgeOrder {
        guard let members = try read(body).object?.members else { throw AdminMistake(expectation) }
        var orders: [CachePurgeOrder.What] = []
        var isSoft = false
        for member in members {
            switch (member.name, member.value) {
            case ("url", .string(let url)) where !url.isEmpty: orders.append(.url(url))
            case ("route", .string(let name)) where isName(name): orders.append(.route(name))
            case ("tag", .string(let name)) where isName(name): orders.append(.tag(name))
            case ("soft", .bool(let value)): isSoft = value
            default: throw AdminMistake("\"\(member.name)\" is unknown, or of the wrong kind; \(expectation)")
            }
        }
        guard orders.count == 1 else { throw AdminMistake(expectation) }
        return CachePurgeOrder(what: orders[0], isSoft: isSoft)
    }

    private static func read(_ body: [UInt8]) throws(AdminMistake) -> JSONValue {
        do throws(JSONFailure) {
            return try JSONReader.read(body)
        } catch {
            throw AdminMistake("the body is no JSON: \(error.reason) at byte \(error.offset); \(expectation)")
        }
    }

    private static let expectation =
        #"expected one of {"url": "https://…"}, {"route": "NAME"} and {"tag": "NAME"}, with "soft": true if it is only to become stale"#

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 500 && !text.utf8.contains { $0 <= 0x20 || $0 == 0x7F }
    }
}

/// A request to the admin API that can't be carried out as it is.
struct AdminMistake: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }

    var reply: Reply { Reply(status: 400, kind: "bad-request", title: "Bad request", detail: reason) }
}

/// Takes in the whole body of a request to the admin API, which its listener bounds, and then goes on.
final class BodyCollector: ResponseProducer {
    private var body: [UInt8] = []
    private let isComplete: ([UInt8]) -> Void

    /// - Parameter isComplete: called once, unless the client leaves before.
    init(_ isComplete: @escaping ([UInt8]) -> Void) { self.isComplete = isComplete }

    func receiveBody(_ bytes: ByteBuffer, isEnd: Bool, trailers: [UInt8]) {
        body.append(contentsOf: bytes.readableBytesView)
        if isEnd { isComplete(body) }
    }

    func clientLost() {}
    func clientWritabilityChanged(isWritable: Bool) {}
}
