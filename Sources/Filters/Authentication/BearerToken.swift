import HTTPWire

/// `Authorization: Bearer TOKEN` (RFC 6750 §2.1). The scheme's name is case-insensitive (RFC 9110 §11.1).
package enum BearerToken {
    package static func isCarried(by request: RequestHead) -> Bool {
        request.fields.first(.authorization).flatMap(read) != nil
    }

    static func read(_ value: Bytes) -> Bytes? { credentials(of: value, "bearer") }

    /// What follows a scheme, which is in lower case.
    static func credentials(of value: Bytes, _ scheme: StaticString) -> Bytes? {
        let length = scheme.utf8CodeUnitCount
        guard value.count > length + 1, value.slice(0, length).equalsIgnoringCase(scheme), value[length] == 0x20 else {
            return nil
        }
        return value.slice(length + 1, value.count - length - 1).trimmed
    }
}
