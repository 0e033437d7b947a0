import Foundation

/// Reading a configuration from a file.
extension GatewayConfiguration {
    /// Reads the file and the files it names; those are relative to its directory.
    package static func load(path: String, environment: [String: String]) throws(InvalidConfiguration)
        -> GatewayConfiguration
    {
        let text = try readText(path)
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        return try parse(text: text, file: path, directory: directory, environment: environment)
    }

    /// Reads a configuration that is already in memory, and the files it names.
    /// - Parameters:
    ///   - file: what problems call it.
    ///   - directory: what the files' paths are relative to.
    package static func parse(
        text: String, file: String, directory: String, environment: [String: String]
    ) throws(InvalidConfiguration) -> GatewayConfiguration {
        let directory = URL(fileURLWithPath: directory, isDirectory: true)
        return try parse(text: text, file: file, environment: environment) { name in
            let url = name.hasPrefix("/") ? URL(fileURLWithPath: name) : directory.appendingPathComponent(name)
            return try readBytes(url.path, atMost: RouteGRPC.mostDescriptorBytes)
        }
    }

    static func readText(_ path: String) throws(InvalidConfiguration) -> String {
        let context = ReadingContext(file: path, environment: [:], readFile: { _ in [] })
        do {
            let bytes = try readBytes(path, atMost: YAMLReading.maximumBytes)
            if let text = String(validating: bytes, as: UTF8.self) { return text }
            context.report("the file is not UTF-8 text", at: placeOfBadText(bytes), path: nil)
        } catch {
            context.report("cannot read the configuration: \(error)", at: Place(line: 1, column: 1), path: nil)
        }
        throw context.verdict() ?? InvalidConfiguration(problems: [], uncounted: 0)
    }

    /// Where the first byte stands that is no UTF-8.
    private static func placeOfBadText(_ bytes: [UInt8]) -> Place {
        let decoded = String(decoding: bytes, as: UTF8.self)
        // Repairing puts U+FFFD there; one that was in the file is longer in the original and so compares equal.
        var offset = 0
        for scalar in decoded.unicodeScalars {
            let encoded = Array(String(scalar).utf8)
            guard bytes[offset...].starts(with: encoded) else { break }
            offset += encoded.count
        }
        let line = bytes[..<offset].count { $0 == UInt8(ascii: "\n") } + 1
        let start = bytes[..<offset].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return Place(line: line, column: String(decoding: bytes[start..<offset], as: UTF8.self).count + 1)
    }

    /// Never reads more than it may, whatever the file is; says why it cannot in the system's words.
    private static func readBytes(_ path: String, atMost limit: Int) throws(Unreadable) -> [UInt8] {
        guard let file = fopen(path, "rb") else { throw Unreadable(description: String(cString: strerror(errno))) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            bytes += chunk[..<count]
            guard bytes.count <= limit else {
                throw Unreadable(description: "it is larger than \(SizeText.write(limit))")
            }
            if count == 0 { break }
        }
        guard ferror(file) == 0 else { throw Unreadable(description: "it is no readable file") }
        return bytes
    }

    private struct Unreadable: Error, CustomStringConvertible {
        let description: String
    }
}
