import Policies

/// `when` of a split's arm or of a fault: what a request must carry. All must hold.
package struct RequestConditionSettings: Sendable {
    package var headers: [FieldCondition] = []
    package var cookies: [FieldCondition] = []
    package var query: [FieldCondition] = []

    static let kind = Kind<RequestConditionSettings>.section(
        "when", "conditions such as { header: { X-Canary: \"yes\" } }"
    ) { section in
        var conditions = RequestConditionSettings()
        conditions.headers = section.value(
            "header", .conditions(.token("the name of a header field")), default: [],
            "Header fields and their values; ~ starts a regular expression.")
        conditions.cookies = section.value(
            "cookie", .conditions(.token("the name of a cookie")), default: [],
            "Cookies and their values; ~ starts a regular expression.")
        conditions.query = section.value(
            "query", .conditions(.text("the name of a query parameter")), default: [],
            "Query parameters and their values; ~ starts a regular expression.")
        if !section.has("header"), !section.has("cookie"), !section.has("query") {
            section.reader.report("every request would match", hint: "add header, cookie or query")
        }
        return conditions
    }
}
