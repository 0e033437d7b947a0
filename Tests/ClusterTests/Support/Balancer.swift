import Foundation
import TestSupport
import Testing

/// nginx or HAProxy in front of nodes, with the configuration of deploy/ in which only addresses are replaced.
final class Balancer: Sendable {
    enum Kind: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case nginx, haproxy
        var testDescription: String { rawValue }
    }

    let port: Int
    private let files: TemporaryDirectory
    private let process: ChildProcess

    /// Starts it, and waits until requests come through.
    init(_ kind: Kind, _ nodes: [Node]) async throws {
        port = try freePort()
        files = try TemporaryDirectory("balancer")
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let source = root.appendingPathComponent(
            kind == .nginx ? "deploy/nginx/sluice.conf" : "deploy/haproxy/sluice.cfg")
        let text = Self.configuration(try String(contentsOf: source, encoding: .utf8), port: port, nodes)
        let file = try files.write("sluice.conf", text)
        switch kind {
        case .nginx:
            let main = try files.write("nginx.conf", Self.nginx(files.path))
            process = try ChildProcess("nginx", ["-p", files.path, "-e", "stderr", "-c", main])
        case .haproxy:
            process = try ChildProcess("haproxy", ["-db", "-f", file])
        }
        try await eventually("\(kind) serves: \(process.standardError)", within: .seconds(20)) {
            try (200..<500).contains(request("/", port: port).status)
        }
    }

    /// The first node's line is repeated for each node.
    private static func configuration(_ text: String, port: Int, _ nodes: [Node]) -> String {
        var isDone = false
        return text.components(separatedBy: "\n").flatMap { line -> [String] in
            if line.contains(/^ *server .*127\.0\.0\.1:/) {
                defer { isDone = true }
                return isDone
                    ? []
                    : nodes.enumerated().map { index, node in
                        line.replacing(/server node1/, with: "server node\(index + 1)")
                            .replacing(/127\.0\.0\.1:[0-9]+/, with: "127.0.0.1:\(node.port)")
                            .replacing(/\ port [0-9]+/, with: " port \(node.adminPort)")
                    }
            }
            return [
                line.replacing(/^ *listen [0-9]+/, with: "listen 127.0.0.1:\(port)")
                    .replacing(/^ *bind :[0-9]+/, with: "bind 127.0.0.1:\(port)")
            ]
        }.joined(separator: "\n")
    }

    private static func nginx(_ directory: String) -> String {
        """
        daemon off;
        worker_processes 1;
        pid \(directory)/nginx.pid;
        error_log stderr warn;
        events { worker_connections 1024; }
        http {
            access_log off;
            client_body_temp_path \(directory)/tmp; proxy_temp_path \(directory)/tmp;
            fastcgi_temp_path \(directory)/tmp; uwsgi_temp_path \(directory)/tmp; scgi_temp_path \(directory)/tmp;
            include \(directory)/sluice.conf;
        }
        """
    }
}
