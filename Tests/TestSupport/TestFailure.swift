/// What went wrong in the scaffolding of a test: a server that did not start, a wait that ran out.
package struct TestFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
