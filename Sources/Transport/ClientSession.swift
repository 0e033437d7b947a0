/// A client connection as its worker keeps it, whatever protocol it speaks.
protocol ClientSession: AnyObject {
    /// Ends now if it is idle, else with what is under way.
    func drain()
    /// Ends with its next response; see `Worker.yield`.
    func yield()
    func close()
}
