/// The version of an API that an exchange is about; one object for each version of a route.
package final class RouteVersion {
    /// Its place among the route's versions.
    package let index: Int
    package let name: String
    /// The version's place in the metrics of this process.
    package let metricsIndex: Int

    package init(index: Int, name: String, metricsIndex: Int) {
        self.index = index
        self.name = name
        self.metricsIndex = metricsIndex
    }
}
