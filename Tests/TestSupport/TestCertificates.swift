import Foundation

/// A certificate authority with a server's and a client's certificate, made for one test.
package final class TestCertificates: Sendable {
    private let directory: TemporaryDirectory

    /// - Parameter names: what the server's certificate is valid for, such as `IP:127.0.0.1` and `DNS:localhost`.
    package init(for names: [String] = ["IP:127.0.0.1", "DNS:localhost"]) async throws {
        directory = try TemporaryDirectory("tls")
        try await run(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=Test CA", "-keyout", "ca.key", "-out", "ca.pem")
        try await issue("server", names: names)
        try await issue("client", names: ["DNS:client"])
    }

    package var ca: String { directory.file("ca.pem") }
    package var serverCertificate: String { directory.file("server.pem") }
    package var serverKey: String { directory.file("server.key") }
    package var clientCertificate: String { directory.file("client.pem") }
    package var clientKey: String { directory.file("client.key") }

    /// The content of one of these files.
    package func bytes(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else { throw TestFailure("cannot read \(path)") }
        return Array(data)
    }

    /// What redis-server is started with; clients need no certificate, and are verified if they have one.
    package var serverArguments: [String] {
        [
            "--tls-cert-file", serverCertificate, "--tls-key-file", serverKey, "--tls-ca-cert-file", ca,
            "--tls-auth-clients", "optional",
        ]
    }

    private func issue(_ name: String, names: [String]) async throws {
        try directory.write("\(name).ext", "subjectAltName=\(names.joined(separator: ","))\n")
        try await run(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=\(name)",
            "-keyout", "\(name).key", "-out", "\(name).csr")
        try await run(
            "x509", "-req", "-in", "\(name).csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "\(name).ext", "-out", "\(name).pem")
    }

    private func run(_ arguments: String...) async throws {
        let finished = try await ChildProcess.run("openssl", arguments, workingDirectory: directory.path)
        guard finished.exit == .exited(0) else {
            throw TestFailure("openssl \(arguments): \(finished.standardError)")
        }
    }
}
