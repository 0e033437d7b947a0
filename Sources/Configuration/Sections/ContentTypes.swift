/// `content_types` of a route.
extension Kind where Value == String {
    /// `application/json`, or `image/*`; in lower case.
    static var contentType: Kind {
        .scalar("a media type such as application/json or image/*", schema: .pattern("^[^/ ]+/[^/ ;]+$")) {
            text throws(ScalarProblem) in
            let parts = text.value.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ isToken($0) }), !parts[0].contains("*") else {
                throw .expected()
            }
            guard parts[1] == "*" || !parts[1].contains("*") else { throw .expected() }
            return text.value.lowercased()
        }
    }
}
