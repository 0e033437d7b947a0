/// How requests say which version of an API they mean, and which there are.
package struct VersionRules: Hashable, Sendable {
    package enum Source: Hashable, Sendable {
        case path(VersionedPrefix)
        case accept(MediaTypeVersion)
        /// A header field whose value is the version; its name as written.
        case header(String)
        /// A query parameter whose value is the version.
        case query(String)
    }

    package enum Choice: Hashable, Sendable {
        /// By its place in `names`.
        case version(Int)
        /// The request names one that there isn't; where it does.
        case unknown(Source)
        /// The request names none, and there is no default.
        case unnamed
    }

    /// In the order in which they are asked: the first that names a version decides.
    package let sources: [Source]
    package let names: [String]
    /// What requests get that name none.
    package let defaultVersion: Int?
    private let nameBytes: [[UInt8]]
    private let fieldNames: [[UInt8]]

    package init(sources: [Source], names: [String], defaultVersion: Int?) {
        self.sources = sources
        self.names = names
        self.defaultVersion = defaultVersion
        nameBytes = names.map { Array($0.utf8) }
        fieldNames = sources.map { source in
            switch source {
            case .header(let name): Array(name.lowercased().utf8)
            case .accept: Array("accept".utf8)
            case .path, .query: []
            }
        }
    }

    /// - Parameters:
    ///   - pathVersion: what the path named by itself, as only the routes of each version match it.
    ///   - queryValue: the raw value of a parameter, if the request has it.
    package func choose(
        pathVersion: Int?, _ fields: some FieldSource,
        queryValue: (String) -> UnsafeBufferPointer<UInt8>?
    ) -> Choice {
        for (index, source) in sources.enumerated() {
            switch source {
            case .path: if let pathVersion { return .version(pathVersion) }
            case .query(let name):
                guard let value = queryValue(name) else { continue }
                return number(of: FieldBytes(query: value, 0..<value.count)).map { .version($0) } ?? .unknown(source)
            case .header:
                if let choice = chosen(by: fieldNames[index], fields, source) { return choice }
            case .accept(let media):
                var asked = MediaTypeVersion.Asked()
                fieldNames[index].withUnsafeBufferPointer { name in
                    _ = fields.hasHeader(named: name) { line in
                        media.read(line, into: &asked) { number(of: FieldBytes(header: $0)) }
                        return false
                    }
                }
                if let known = asked.known { return .version(known) }
                if asked.namesUnknown { return .unknown(source) }
            }
        }
        return defaultVersion.map { .version($0) } ?? .unnamed
    }

    private func chosen(by name: [UInt8], _ fields: some FieldSource, _ source: Source) -> Choice? {
        var choice: Choice?
        name.withUnsafeBufferPointer { name in
            _ = fields.hasHeader(named: name) { value in
                guard !value.isEmpty else { return false }
                choice = number(of: FieldBytes(header: value)).map { .version($0) } ?? .unknown(source)
                return true
            }
        }
        return choice
    }

    private func number(of text: FieldBytes) -> Int? {
        for index in nameBytes.indices {
            if nameBytes[index].withUnsafeBufferPointer({ text.equals($0) }) { return index }
        }
        return nil
    }

    /// Header fields that decide for requests of a path: those that are asked before the path is, or all of them.
    /// - Parameter inPath: the path names the version.
    package func decidingFields(inPath: Bool) -> [String] {
        var names: [String] = []
        for source in sources {
            switch source {
            case .path: if inPath { return names }
            case .header(let name): names.append(name)
            case .accept: if !names.contains("Accept") { names.append("Accept") }
            case .query: break
            }
        }
        return names
    }
}
