import ArgumentParser
import Credentials
import Foundation
import JSON

/// `sluice token`: a signed JWT for trying things out.
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Mint a JWT for tests.",
        discussion: """
            Examples:
              sluice token --secret "$JWT_SECRET" --subject acme --scope "users.read users.write"
              sluice token --private-key ec.pem --key-id k1 --subject acme --issuer https://idp/ --audience api
            """)

    @Option(help: "Secret for HS256 (at least 32 bytes), HS384 or HS512.")
    var secret: String?

    @Option(help: ArgumentHelp("PEM file with a private key: RSA, EC or Ed25519.", valueName: "file"))
    var privateKey: String?

    @Option(help: "The algorithm; absent: the first that the key is for, such as RS256.")
    var algorithm: String?

    @Option(help: "The key's id (kid).")
    var keyID: String?

    @Option(help: "Who the token is for (sub).")
    var subject: String

    @Option(help: "Scopes, separated by spaces.")
    var scope: String?

    @Option(help: "The issuer (iss).")
    var issuer: String?

    @Option(help: "The audience (aud).")
    var audience: String?

    @Option(help: ArgumentHelp("A further text claim; may be repeated.", valueName: "name=value"))
    var claim: [String] = []

    @Option(help: ArgumentHelp("Further claims as a JSON object.", valueName: "json"))
    var claims: String?

    @Option(help: "How long it is valid, such as 30s, 15m, 1h or 7d.")
    var expires: String = "1h"

    func run() throws {
        do {
            print(try signer().sign(try allClaims()))
        } catch let error as CredentialError {
            throw fail("sluice token: \(error)")
        }
    }

    private func signer() throws -> JWTSigner {
        let chosen = try algorithm.map { name in
            guard let known = JWTAlgorithm(rawValue: name) else {
                let all = JWTAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")
                throw fail("sluice token: --algorithm \(name): expected one of \(all)")
            }
            return known
        }
        switch (secret, privateKey) {
        case (let secret?, nil):
            return try JWTSigner(secret: Array(secret.utf8), keyID: keyID, algorithm: chosen ?? .hs256)
        case (nil, let path?):
            guard let pem = FileManager.default.contents(atPath: path) else {
                throw fail("sluice token: \(path): the file can't be read; expected a PEM private key")
            }
            return try JWTSigner(privateKeyPEM: Array(pem), keyID: keyID, algorithm: chosen)
        default: throw fail("sluice token: expected either --secret or --private-key")
        }
    }

    private func allClaims() throws -> [JSONObject.Member] {
        let now = Int(Date().timeIntervalSince1970)
        var claims = [
            JSONObject.Member("sub", .string(subject)), JSONObject.Member("iat", .number(JSONNumber(now))),
            JSONObject.Member("exp", .number(JSONNumber(now + (try seconds())))),
        ]
        if let issuer { claims.append(JSONObject.Member("iss", .string(issuer))) }
        if let audience { claims.append(JSONObject.Member("aud", .string(audience))) }
        if let scope { claims.append(JSONObject.Member("scope", .string(scope))) }
        for pair in claim {
            guard let border = pair.firstIndex(of: "="), border != pair.startIndex else {
                throw fail("sluice token: --claim \(pair): expected name=value")
            }
            claims.append(
                JSONObject.Member(String(pair[..<border]), .string(String(pair[pair.index(after: border)...]))))
        }
        guard let text = self.claims else { return claims }
        guard let object = (try? JSONReader.read(Array(text.utf8)))?.object else {
            throw fail("sluice token: --claims: expected a JSON object such as '{\"roles\": [\"admin\"]}'")
        }
        return claims.filter { object[$0.name] == nil } + object.members
    }

    private func seconds() throws -> Int {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = expires.last.flatMap({ units[$0] }), let count = Int(expires.dropLast()),
            (1...366 * 86_400 / unit).contains(count)
        else { throw fail("sluice token: --expires \(expires): expected a time such as 30s, 15m, 1h or 7d") }
        return count * unit
    }
}
