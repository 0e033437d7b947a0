import Credentials
import GatewayCore

/// By the names of RFC 9421 §6.2.
package enum SignatureAlgorithm: String, Sendable, CaseIterable {
    case hmacSHA256 = "hmac-sha256"
    case ed25519
    case ecdsaP256 = "ecdsa-p256-sha256"
    case ecdsaP384 = "ecdsa-p384-sha384"
    case rsaPSS = "rsa-pss-sha512"
    case rsaPKCS1 = "rsa-v1_5-sha256"

    /// What JOSE calls the same.
    package var algorithm: JWTAlgorithm {
        switch self {
        case .hmacSHA256: .hs256
        case .ed25519: .edDSA
        case .ecdsaP256: .es256
        case .ecdsaP384: .es384
        case .rsaPSS: .ps512
        case .rsaPKCS1: .rs256
        }
    }
}

/// The signature of a request that is by one of our keys, as the request says; nothing of it is proved yet.
struct SignatureClaim {
    let key: SignatureAuthenticator.Key
    let components: [StructuredField.Item]
    let parameters: [StructuredField.Parameter]
    let signature: [UInt8]
    let created: Int?
    let expires: Int?
    let nonce: String?

    /// The first one by a key that is known. More than a few are not looked at.
    init(input: [UInt8], signature: [UInt8], keys: [SignatureAuthenticator.Key]) throws(SignatureFault) {
        guard let inputs = StructuredField.dictionary(input), let signatures = StructuredField.dictionary(signature),
            !inputs.isEmpty
        else { throw .malformed }
        for (label, member) in inputs.prefix(8) {
            guard case .list(let components, let parameters) = member else { throw .malformed }
            guard case .string(let id)? = parameters["keyid"],
                let key = keys.first(where: { $0.id.utf8.elementsEqual(id.utf8) })
            else { continue }
            guard case .item(let item)? = signatures.first(where: { $0.name == label })?.member,
                case .bytes(let bytes) = item.value
            else { throw .malformed }
            // The key decides; a claim of another algorithm is a lie or an attack (RFC 9421 §7.3.6).
            if let named = parameters["alg"], named != .string(key.algorithm.rawValue) { throw .wrongAlgorithm }
            self.key = key
            self.components = components
            self.parameters = parameters
            self.signature = bytes
            created = try Self.time("created", parameters)
            expires = try Self.time("expires", parameters)
            switch parameters["nonce"] {
            case nil: nonce = nil
            case .string(let text)? where (1...256).contains(text.utf8.count): nonce = text
            default: throw .malformed
            }
            return
        }
        throw .unknownKey
    }

    private static func time(_ name: String, _ parameters: [StructuredField.Parameter]) throws(SignatureFault) -> Int? {
        switch parameters[name] {
        case nil: return nil
        case .integer(let seconds)?: return seconds
        default: throw .malformed
        }
    }
}

/// Why a signed request is not let in. Its text goes to the client, so it names the rule and nothing of keys.
enum SignatureFault: Error, CaseIterable {
    case malformed, unknownKey, wrongAlgorithm, undated, expired, nonceless, repeated, uncovered, unknownComponent
    case undigested, wrong

    private var detail: String {
        switch self {
        case .malformed: "Signature-Input and Signature are not as RFC 9421 has them."
        case .unknownKey: "None of the signatures is by a key that is known here."
        case .wrongAlgorithm: "The signature's algorithm is not its key's."
        case .undated: "The signature does not say when it was created."
        case .expired: "The signature is too old, or of the future."
        case .nonceless: "The signature has no nonce."
        case .repeated: "The signature's nonce has been used before."
        case .uncovered: "The signature does not cover all that it has to."
        case .unknownComponent: "The signature covers a component that the request lacks, or that is not understood."
        case .undigested: "Content-Digest is missing, or is not that of the content."
        case .wrong: "The signature is not valid."
        }
    }

    var reply: Reply { Self.replies[self] ?? .unauthorized("The signature is not valid.", challenges: ["Signature"]) }

    private static let replies = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0, Reply.unauthorized($0.detail, challenges: ["Signature"])) })
}
