import Credentials
import GatewayCore

/// The dashboard: one page that needs nothing but this node. It is the same for everybody and holds nothing worth hiding;
/// what it shows it asks of the API, with the token if there is one.
enum Dashboard {
    /// Only the page's own script and style run, known by their digests, and they reach only this node.
    static let page: Reply = {
        let html = PackageResources.dashboard_html
        let policy = [
            "default-src 'none'", "script-src \(source(of: "script", in: html))",
            "style-src \(source(of: "style", in: html))", "connect-src 'self'", "img-src data:", "base-uri 'none'",
            "form-action 'none'", "frame-ancestors 'none'",
        ].joined(separator: "; ")
        return Reply(
            status: 200, contentType: "text/html; charset=utf-8", content: html,
            lines: """
                Content-Security-Policy: \(policy)\r
                X-Content-Type-Options: nosniff\r
                X-Frame-Options: DENY\r
                Referrer-Policy: no-referrer\r
                Cross-Origin-Opener-Policy: same-origin\r
                Cross-Origin-Resource-Policy: same-origin\r
                Cache-Control: no-cache\r\n
                """)
    }()

    /// The digest of what stands between the only tags of a name, as a policy names it.
    static func source(of tag: String, in html: [UInt8]) -> String {
        let text = String(decoding: html, as: UTF8.self)
        guard let start = text.firstRange(of: "<\(tag)>"), let end = text.firstRange(of: "</\(tag)>"),
            let hasher = try? SHA256Hasher()
        else { return "'none'" }
        let digest = hasher.digest(Array(text[start.upperBound..<end.lowerBound].utf8)).hexadecimal
        return "'sha256-\(base64(hexadecimal: digest))'"
    }

    /// RFC 4648 §4: the other alphabet, and padding.
    private static func base64(hexadecimal text: String) -> String {
        let digits = Array(text)
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...($0 + 1)]), radix: 16)
        }
        let encoded = Base64URL.encode(bytes).map { byte in
            switch byte {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: byte
            }
        }
        return String(decoding: encoded, as: UTF8.self) + String(repeating: "=", count: (4 - encoded.count % 4) % 4)
    }
}
