/// What is changed about the fields of a head. Names in lower case are compared, those written are sent.
///
/// In this order: remove, rename, set, add. All values are worked out from the client's request, before any change.
package struct FieldShaping: Hashable, Sendable {
    package struct Change: Hashable, Sendable {
        package let name: String
        package let value: Template<RequestReference>

        package init(name: String, value: Template<RequestReference>) {
            self.name = name
            self.value = value
        }
    }

    package struct Renaming: Hashable, Sendable {
        package let from: String
        package let to: String

        package init(from: String, to: String) {
            self.from = from
            self.to = to
        }
    }

    /// A name that ends in `*` stands for all that begin so.
    package var remove: [String] = []
    package var rename: [Renaming] = []
    /// Replaces all of that name; also where the value turns out to be missing, so that no client can send it instead.
    package var set: [Change] = []
    package var add: [Change] = []

    package init() {}

    package var isEmpty: Bool { remove.isEmpty && rename.isEmpty && set.isEmpty && add.isEmpty }

    package var templates: [Template<RequestReference>] { (set + add).map(\.value) }
}
