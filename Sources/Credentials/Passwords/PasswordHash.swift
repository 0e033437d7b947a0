import CCrypt

#if canImport(Glibc)
    import Glibc
#endif

/// A password as it is kept: by a function that is slow on purpose, so that a stolen file gives no passwords away.
///
/// bcrypt, yescrypt and SHA-crypt are libcrypt's, Argon2id is libargon2's.
package struct PasswordHash: Sendable {
    private enum Function: Sendable { case crypt, argon2id }

    private let text: String
    private let function: Function

    /// - Throws: what is no such hash, or one that is too weak to be believed; says what to make it with.
    package init(_ text: String) throws(CredentialError) {
        self.text = text
        switch text {
        case _ where Self.bcrypt.contains(where: text.hasPrefix) && text.utf8.count == 60: function = .crypt
        case _ where Self.crypts.contains(where: text.hasPrefix): function = .crypt
        case _ where text.hasPrefix("$argon2id$"):
            guard Argon2.verify != nil else {
                throw CredentialError("an Argon2id hash needs libargon2, which is not here: apt install libargon2-1")
            }
            function = .argon2id
        default: throw CredentialError("\(Self.kind(of: text)); \(Self.advice)")
        }
    }

    private static let bcrypt = ["$2y$", "$2b$", "$2a$"]
    /// yescrypt, gost-yescrypt, SHA-512, SHA-256.
    private static let crypts = ["$y$", "$gy$", "$6$", "$5$"]

    private static let advice =
        "expected bcrypt, Argon2id, yescrypt or SHA-512 crypt: make it with `htpasswd -nB USER` or `mkpasswd -m yescrypt`"

    private static func kind(of text: String) -> String {
        switch text {
        case _ where text.hasPrefix("{SHA}"), _ where text.hasPrefix("{SSHA}"): "SHA-1, which is guessed in no time"
        case _ where text.hasPrefix("$apr1$"), _ where text.hasPrefix("$1$"): "MD5, which is guessed in no time"
        case _ where text.hasPrefix("$argon2"): "another Argon2 than Argon2id"
        case _ where text.hasPrefix("$"): "a hash of another kind, or a damaged one"
        default: "a password in clear, or crypt's old form"
        }
    }

    /// Takes tens to hundreds of milliseconds: never on an event loop.
    package func verifies(_ password: [UInt8]) -> Bool {
        // To C it would end there.
        guard !password.contains(0) else { return false }
        return switch function {
        case .crypt: Self.crypt(password, text)
        case .argon2id: Argon2.verify.map { $0(text, password, password.count) == 0 } ?? false
        }
    }

    private static func crypt(_ password: [UInt8], _ hash: String) -> Bool {
        let room = UnsafeMutableRawPointer.allocate(
            byteCount: MemoryLayout<crypt_data>.size, alignment: MemoryLayout<crypt_data>.alignment)
        defer { room.deallocate() }
        memset(room, 0, MemoryLayout<crypt_data>.size)
        let phrase = (password + [0]).map { CChar(bitPattern: $0) }
        guard let found = crypt_rn(phrase, hash, room, Int32(MemoryLayout<crypt_data>.size)) else { return false }
        return constantTimeEquals(Array(String(cString: found).utf8), Array(hash.utf8))
    }
}

/// libargon2, if it is installed: only those who use Argon2id need it.
private enum Argon2 {
    typealias Verify = @convention(c) (UnsafePointer<CChar>, UnsafeRawPointer, Int) -> Int32

    static let verify: Verify? = {
        for name in ["libargon2.so.1", "libargon2.so"] {
            guard let library = dlopen(name, RTLD_NOW), let symbol = dlsym(library, "argon2id_verify") else { continue }
            return unsafeBitCast(symbol, to: Verify.self)
        }
        return nil
    }()
}
