/// Why key material or a credential's configuration can't be used: a sentence for the operator that says what was
/// found, what was expected and what to do. Never holds any part of a secret.
package struct CredentialError: Error, Hashable, Sendable, CustomStringConvertible {
    package let reason: String

    package init(_ reason: String) {
        self.reason = reason
    }

    package var description: String { reason }
}
