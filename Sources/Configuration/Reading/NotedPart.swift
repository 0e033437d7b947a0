/// A part of the configuration that is judged once all is read.
enum NotedPart: Hashable {
    case route(String)
    case gateway(String)
    /// A route's name in a gateway's list.
    case listing(gateway: String, route: String)
}
