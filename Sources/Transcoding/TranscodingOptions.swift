/// What a route may decide about the translation between JSON and protobuf; the defaults are those of the proto3 JSON
/// mapping, strict.
package struct TranscodingOptions: Hashable, Sendable {
    /// Members of a request's JSON that name no field are skipped instead of refused.
    package var ignoresUnknownFields = false
    /// Query parameters that name no field are skipped instead of refused.
    package var ignoresUnknownQuery = false
    /// Fields without presence are printed with their default value instead of being left out.
    package var printsDefaults = false
    /// Fields are printed as the descriptor spells them (`page_token`), not by their JSON names (`pageToken`).
    package var printsOriginalNames = false
    package var printsEnumsAsNumbers = false
    /// The longest JSON text and the longest message, either way.
    package var maximumMessageBytes = 4 << 20

    /// How deep messages and JSON may nest: the bound of the protobuf libraries on the other side.
    static let maximumDepth = 100

    package init() {}
}
