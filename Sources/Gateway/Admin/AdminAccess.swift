import Configuration
import Credentials
import GatewayCore
import HTTPWire
import Policies

/// Who may call the admin listener.
///
/// With a token: whoever sends it. Without one the listener is on loopback, and what has to be kept out is a browser of this
/// machine that some page of the Internet drives. Such a page can name this listener by a host of its own (DNS rebinding),
/// so the host must be this machine; and it can send a form anywhere, so what changes something must be called with a body
/// of JSON, which browsers don't send to another origin without asking first, and asking is never answered here.
struct AdminAccess: Sendable {
    let token: Secret?

    /// Nil: go on.
    func refusal(of request: RequestHead, to operation: AdminOperation) -> Reply? {
        guard operation.access == .token else { return nil }
        if let token { return isAuthorized(request, token) ? nil : Self.unauthorized }
        // Prometheus names hosts as it likes; what it reads changes nothing, and tells a page nothing worth having.
        guard operation.path.hasPrefix("/api") else { return nil }
        guard Self.isThisMachine(request.host) else { return Self.foreignHost }
        guard operation.method.changes else { return nil }
        return Self.isJSON(request, operation) ? nil : Self.unsafe
    }

    private func isAuthorized(_ request: RequestHead, _ token: Secret) -> Bool {
        guard let value = request.fields.first(.authorization), value.count > 7,
            value.slice(0, 7).equalsIgnoringCase("bearer ")
        else { return false }
        return token.bytes.withUnsafeBytes {
            constantTimeEquals($0, UnsafeRawBufferPointer(value.slice(7, value.count - 7)))
        }
    }

    /// `localhost`, or any address: pages of the Internet have names.
    static func isThisMachine(_ host: Bytes) -> Bool {
        var name = host.text.lowercased()[...]
        if name.hasPrefix("[") {
            guard let end = name.firstIndex(of: "]") else { return false }
            return IPAddress(String(name[name.index(after: name.startIndex)..<end])) != nil
        }
        if let colon = name.lastIndex(of: ":") { name = name[..<colon] }
        return name == "localhost" || name.hasSuffix(".localhost") || IPAddress(String(name)) != nil
    }

    private static func isJSON(_ request: RequestHead, _ operation: AdminOperation) -> Bool {
        // Browsers ask before they send these methods to another origin, whatever the body.
        guard operation.method == .post else { return true }
        guard let type = request.fields.first("content-type") else { return false }
        let wanted = operation.body?.contentType ?? "application/json"
        return type.text.lowercased().split(separator: ";").first?.filter { $0 != " " } == wanted
    }

    private static let unauthorized = Reply(
        status: 401, kind: "unauthorized", title: "Unauthorized",
        detail: "Send the admin token: Authorization: Bearer <admin.token of the configuration>.",
        lines: "WWW-Authenticate: Bearer\r\n")
    private static let foreignHost = Reply(
        status: 403, kind: "foreign-host", title: "Forbidden",
        detail:
            "Without admin.token the admin API only answers to localhost or an IP address as Host, so that pages of "
            + "the Internet can't call it through a browser; call it by address, or configure admin.token.")
    private static let unsafe = Reply(
        status: 415, kind: "unsafe-call", title: "Unsupported media type",
        detail:
            "Without admin.token what changes something is only taken with Content-Type: application/json, which no "
            + "page of another origin can send unasked.")
}
