/// Why a text is not what it says, or can't be given in another form; a clause that says it of the text.
package struct MarkupFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
