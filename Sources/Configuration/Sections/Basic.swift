/// `basic` of an authenticator: names, and the hashes of their passwords. Whether a hash can be used is for Credentials to say.
package struct BasicSettings: Hashable, Sendable {
    package struct User: Hashable, Sendable {
        package var name: String
        package var hash: Secret
    }

    /// At least one.
    package var users: [User]
    /// What the challenge names.
    package var realm: String
    /// For how long a password that was right is not hashed again.
    package var memoryMicroseconds: Int

    private static let mostFileBytes = 4 << 20

    static let kind = Kind<BasicSettings>.section("basic", "a mapping such as { file: users.htpasswd }") { section in
        let file = section.optional("file", .text("a file as htpasswd writes it"), "A file as htpasswd -B writes it.")
        let listed = section.optional("users", .passwordHashes, "Names and the hashes of their passwords.")
        let realm = section.value(
            "realm", .realm, default: "sluice", "What browsers show when they ask for the password.")
        let memory = section.value(
            "remember", .duration(0...86_400_000_000), default: 300_000_000,
            "For how long a password that was right is not hashed again.")
        if !section.has("file"), !section.has("users") {
            section.reader.report("expected users", hint: "add file or users")
        }
        var users = listed ?? []
        if let file {
            guard let read = read(file, section.place(of: "file")) else { return nil }
            users += read
        }
        guard !users.isEmpty, !section.has("users") || listed != nil else { return nil }
        return BasicSettings(users: users, realm: realm, memoryMicroseconds: memory)
    }

    /// `name:hash` on each line; empty lines and those that begin with `#` are left out.
    private static func read(_ path: String, _ reader: NodeReader) -> [User]? {
        guard let bytes = reader.content(ofFile: path, atMost: mostFileBytes) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            reader.report("the file \(quoted(path)) is not UTF-8 text")
            return nil
        }
        var users: [User] = []
        var seen: Set<String> = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.hasSuffix("\r") ? line.dropLast() : line
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count >= 2, !parts[0].isEmpty else {
                reader.report(
                    "line \(index + 1) of \(quoted(path)) is not of the form name:hash",
                    hint: "make it with: htpasswd -nB NAME")
                return nil
            }
            let name = String(parts[0])
            guard seen.insert(name).inserted else {
                reader.report(
                    "line \(index + 1) of \(quoted(path)) has a name for the second time", hint: "remove one of them")
                return nil
            }
            if let flaw = passwordHashFlaw(parts[1]) {
                reader.report("line \(index + 1) of \(quoted(path)): \(flaw)", hint: passwordHashAdvice)
                return nil
            }
            users.append(User(name: name, hash: Secret(String(parts[1]))))
        }
        if users.isEmpty {
            reader.report("the file \(quoted(path)) has no users", hint: "add one with: htpasswd -B FILE NAME")
        }
        return users.isEmpty ? nil : users
    }
}

private let passwordHashAdvice = "make it with: htpasswd -nB NAME"

/// What keeps a text from being the hash of a password; nil: nothing that can be seen.
private func passwordHashFlaw(_ text: some StringProtocol) -> String? {
    let known = ["$2y$", "$2b$", "$2a$", "$y$", "$gy$", "$6$", "$5$", "$argon2id$"]
    if known.contains(where: { text.hasPrefix($0) }) { return nil }
    let wanted = "expected bcrypt, Argon2id, yescrypt or SHA-512 crypt"
    if text.hasPrefix("{SHA}") || text.hasPrefix("{SSHA}") {
        return "\(wanted), found SHA-1, which is guessed in no time"
    }
    if text.hasPrefix("$apr1$") || text.hasPrefix("$1$") { return "\(wanted), found MD5, which is guessed in no time" }
    return "\(wanted), found another kind of hash, or a password in clear"
}

extension Kind where Value == [BasicSettings.User] {
    /// `{ alice: "$2y$…" }`. No message shows a hash, which might be a password.
    fileprivate static var passwordHashes: Kind {
        let hash = Kind<Secret>.secret("the hash of a password")
        return Kind<[BasicSettings.User]>.entries(
            noun: "a mapping from names to hashes such as { alice: \"$2y$…\" }", schema: hash.schema
        ) { key, reader in
            guard let hash = hash.read(reader) else { return nil }
            guard !key.key.isEmpty, !key.key.contains(":") else {
                reader.ofKey(key).report("\(quoted(key.key)): expected a name without colons")
                return nil
            }
            if let flaw = passwordHashFlaw(String(decoding: hash.bytes, as: UTF8.self)) {
                reader.report(flaw, hint: passwordHashAdvice)
                return nil
            }
            return BasicSettings.User(name: key.key, hash: hash)
        }
    }
}

extension Kind where Value == String {
    /// RFC 9110, 11.5: a quoted string, here of printable ASCII without what would need escaping.
    static var realm: Kind {
        .scalar("a text without quotes and backslashes", schema: ["type": "string"], write: { .string($0) }) {
            text throws(ScalarProblem) in
            let isPlain = text.value.utf8.allSatisfy {
                (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
            }
            guard isPlain, !text.value.isEmpty else { throw .expected() }
            return text.value
        }
    }
}
