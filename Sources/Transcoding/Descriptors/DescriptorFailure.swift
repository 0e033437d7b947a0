/// Why a descriptor set, or what a route asks of it, can't be used: file, element, and what would mend it.
package struct DescriptorFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
