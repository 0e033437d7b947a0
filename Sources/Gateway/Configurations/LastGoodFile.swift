import Credentials
import Foundation

/// The last configuration of the cluster that this node ran, on its disk: what it starts from when Redis is away. It is
/// readable by its owner alone, since a configuration may hold secrets.
///
/// One file, replaced as a whole: a first line that says what it is, then the text as it was pushed.
package struct LastGoodFile: Sendable {
    package let path: String

    /// - Parameters:
    ///   - directory: it is made when something is to be kept.
    ///   - namespace: nodes of several clusters may share a directory.
    package init(directory: String, namespace: String) {
        path = directory + "/" + namespace + ".yaml"
    }

    /// Where state goes if nobody says so: what systemd has made for the service, else by the XDG base directories.
    package static func directory(_ environment: [String: String]) -> String {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let given = value("SLUICE_STATE_DIR") { return given }
        if let made = value("STATE_DIRECTORY")?.split(separator: ":").first { return String(made) }
        if let base = value("XDG_STATE_HOME") { return base + "/sluice" }
        return (value("HOME") ?? "/var/lib") + "/.local/state/sluice"
    }

    /// - Throws: a sentence of the system's, when the disk does not take it.
    package func save(revision: Int, text: String) throws {
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let content = Data("\(Self.mark)\(revision) sha256 \(try Self.digest(of: text))\n\(text)".utf8)
        // Of this process alone, so that two nodes of one host don't write into each other's.
        let draft = "\(path).\(ProcessInfo.processInfo.processIdentifier)"
        try? FileManager.default.removeItem(atPath: draft)
        guard
            FileManager.default.createFile(atPath: draft, contents: content, attributes: [.posixPermissions: 0o600]),
            rename(draft, path) == 0
        else { throw Unusable(description: "cannot write \(path): \(String(cString: strerror(errno)))") }
    }

    /// Nil: there is none.
    /// - Throws: when it can't be read, or is not what was written.
    package func load() throws -> (revision: Int, text: String)? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Unusable(description: "cannot read \(path)")
        }
        let content = String(decoding: data, as: UTF8.self)
        guard let end = content.firstIndex(of: "\n"), content.hasPrefix(Self.mark) else {
            throw Unusable(description: "\(path) is no configuration that a node has kept; remove it")
        }
        let words = content[..<end].dropFirst(Self.mark.count).split(separator: " ")
        let text = String(content[content.index(after: end)...])
        guard words.count == 3, let revision = Int(words[0]), try Self.digest(of: text) == words[2] else {
            throw Unusable(description: "\(path) was changed or cut off since it was kept; remove it")
        }
        return (revision, text)
    }

    private static let mark = "# sluice: last good configuration, revision "

    private static func digest(of text: String) throws -> String {
        try SHA256Hasher().digest(Array(text.utf8)).hexadecimal
    }

    private struct Unusable: Error, CustomStringConvertible {
        let description: String
    }
}
