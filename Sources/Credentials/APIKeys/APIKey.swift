/// The form of the keys that `sluice key` makes: `sluice_`, 40 random letters and digits (238 bits), and six that are a
/// checksum of what stands before them.
///
/// The prefix lets people and scanners of repositories recognise a key that was left lying about; the checksum tells a
/// mistyped or made-up one without asking anyone. Keys of other forms, from other systems, are keys as well.
package enum APIKey {
    package static let prefix = "sluice_"
    static let randomLetters = 40
    static let checkLetters = 6
    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    /// - Throws: `CredentialError` when the system gives no random bytes.
    package static func make() throws(CredentialError) -> String {
        var letters = Array(prefix.utf8)
        while letters.count < prefix.utf8.count + randomLetters {
            // Those above the largest multiple of 62 would make some letters likelier than others.
            letters += try randomBytes(64).filter { $0 < 248 }.map { alphabet[Int($0) % 62] }
        }
        letters.removeSubrange((prefix.utf8.count + randomLetters)...)
        letters += checksum(of: try SHA256Hasher().digest(letters))
        return String(decoding: letters, as: UTF8.self)
    }

    /// Whether it could be a key: false only for what has the form of ours and a checksum that is wrong.
    package static func isPlausible(_ key: UnsafeRawBufferPointer, using hasher: SHA256Hasher) -> Bool {
        guard key.count >= prefix.utf8.count, key.prefix(prefix.utf8.count).elementsEqual(prefix.utf8) else {
            return true
        }
        let length = prefix.utf8.count + randomLetters
        guard key.count == length + checkLetters else { return false }
        let digest = hasher.digest(UnsafeRawBufferPointer(rebasing: key[..<length]))
        return checksum(of: digest).elementsEqual(key[length...])
    }

    private static func checksum(of digest: Digest) -> [UInt8] {
        var rest = digest.prefix.bigEndian
        return (0..<checkLetters).map { _ in
            defer { rest /= 62 }
            return alphabet[Int(rest % 62)]
        }
    }
}
