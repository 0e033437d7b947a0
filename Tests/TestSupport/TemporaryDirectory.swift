import Foundation

/// A directory for one test's files, removed when its last owner lets go of it.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init(_ label: String = "test") throws {
        var template = Array((NSTemporaryDirectory() + "sluice-\(label)-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp: \(String(cString: strerror(errno)))") }
        path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of a file inside.
    package func file(_ name: String) -> String { path + "/" + name }

    /// Writes a file inside and returns its path.
    @discardableResult
    package func write(_ name: String, _ text: String) throws -> String {
        let path = file(name)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }
}
