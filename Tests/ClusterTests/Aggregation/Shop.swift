import Foundation
import Synchronization
import TestSupport

/// Orders, users and products, as services of their own behind one origin each; each answer takes its time.
final class Shop: Sendable {
    let origin: TestOrigin
    private let settings: Mutex<Settings>

    private struct Settings {
        var pause = Duration.zero
        var answers: [String: [TestOrigin.Step]] = [:]
    }

    init() throws {
        let settings = Mutex(Settings())
        let box = Box()
        origin = try TestOrigin { request in box.shop?.answer(request.message) ?? [.close] }
        self.settings = settings
        box.shop = self
    }

    private final class Box: @unchecked Sendable {
        weak var shop: Shop?
    }

    var url: String { origin.url }
    var targets: [String] { origin.requests.map(\.message.target) }

    func pause(_ pause: Duration) { settings.withLock { $0.pause = pause } }

    /// What is answered to a target instead.
    func answer(_ target: String, _ steps: [TestOrigin.Step]) { settings.withLock { $0.answers[target] = steps } }
    func answer(_ target: String, _ json: String, status: String = "200 OK") {
        answer(target, Self.json(json, status: status))
    }

    static func json(_ text: String, status: String = "200 OK") -> [TestOrigin.Step] {
        .response(text, status: status, headers: [("Content-Type", "application/json")])
    }

    private func answer(_ request: RawMessage) -> [TestOrigin.Step] {
        let target = request.target
        let (pause, own) = settings.withLock { ($0.pause, $0.answers[target]) }
        let steps =
            own ?? Self.json(Self.text(of: target), status: Self.text(of: target).isEmpty ? "404 Not Found" : "200 OK")
        return pause == .zero ? steps : [.pause(pause)] + steps
    }

    private static func text(of target: String) -> String {
        let parts = target.split(separator: "/").map(String.init)
        guard parts.count == 2 else { return "" }
        switch (parts[0], parts[1]) {
        case ("orders", "7"):
            return
                "{\"id\":7,\"total\":129.90,\"user_id\":42,\"items\":[{\"product_id\":1},{\"product_id\":2},{\"product_id\":1}]}"
        case ("users", "42"): return "{\"id\":42,\"name\":\"Ann \\u00c4\",\"email\":\"ann@example.com\",\"secret\":1}"
        case ("products", "1"), ("products", "2"): return "{\"id\":\(parts[1]),\"price\":1.50}"
        default: return ""
        }
    }
}
