import COpenSSL

/// Whether two byte strings are equal, in a time that tells nothing about where they differ (only their lengths show).
package func constantTimeEquals(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    guard left.count > 0 else { return true }
    return CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
}

package func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.withUnsafeBytes { left in right.withUnsafeBytes { constantTimeEquals(left, $0) } }
}

/// Bytes that no one can predict, for keys and identifiers.
package func randomBytes(_ count: Int) throws(CredentialError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    guard RAND_bytes(&bytes, Int32(clamping: count)) == 1 else {
        ERR_clear_error()
        throw CredentialError("the system's random number generator gave no bytes")
    }
    return bytes
}
