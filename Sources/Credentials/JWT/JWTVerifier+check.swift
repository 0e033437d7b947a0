/// What makes a verifier's configuration impossible, found when it is loaded rather than when a token comes.
extension JWTVerifier {
    static func check(_ configuration: Configuration) throws(CredentialError) {
        guard !configuration.algorithms.isEmpty else {
            throw CredentialError("no algorithm is allowed; expected one or more of \(allAlgorithms)")
        }
        guard configuration.keys.count <= maximumKeys else {
            throw CredentialError("\(configuration.keys.count) keys are configured; expected \(maximumKeys) at most")
        }
        guard (0...maximumLeewaySeconds).contains(configuration.leewaySeconds) else {
            throw CredentialError(
                "the leeway is \(configuration.leewaySeconds) s; expected 0 to \(maximumLeewaySeconds) s")
        }
        if !configuration.keysAreFetched { try checkThatKeysAndAlgorithmsFit(configuration) }
        try checkThatKeyIDsAreUnique(configuration.keys)
    }

    private static var allAlgorithms: String {
        JWTAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")
    }

    private static func checkThatKeysAndAlgorithmsFit(_ configuration: Configuration) throws(CredentialError) {
        let keyFamilies = Set(configuration.keys.map(\.family))
        for algorithm in configuration.algorithms where algorithm.family == .secret {
            let short = configuration.keys.first {
                $0.family == .secret && $0.secretBytes < algorithm.scheme.digest.byteCount
            }
            guard short != nil else { continue }
            throw CredentialError(
                "a secret is shorter than the \(algorithm.scheme.digest.byteCount) bytes that \(algorithm.rawValue) needs "
                    + "(RFC 7518 section 3.2): make one with `openssl rand -base64 64`")
        }
        for algorithm in configuration.algorithms where !keyFamilies.contains(algorithm.family) {
            throw CredentialError(
                "\(algorithm.rawValue) is allowed but has no key; it needs \(algorithm.family.rawValue)")
        }
        let usableFamilies = Set(configuration.algorithms.map(\.family))
        for family in keyFamilies where !usableFamilies.contains(family) {
            let fitting = JWTAlgorithm.allCases.filter { $0.family == family }.map(\.rawValue)
            throw CredentialError(
                "\(family.rawValue) is configured but no allowed algorithm uses it; "
                    + "allow \(fitting.joined(separator: " or ")) or remove the key")
        }
    }

    private static func checkThatKeyIDsAreUnique(_ keys: [JWTKey]) throws(CredentialError) {
        var seen: Set<[UInt8]> = []
        for id in keys.compactMap(\.id) where !seen.insert(Array(id.utf8)).inserted {
            throw CredentialError("two keys have the kid \"\(id)\"; each kid names one key")
        }
    }
}
