import Configuration
import Policies

/// The routes of some listeners, ready to be matched; the places of its rules among all that is served.
final class Surface: Sendable {
    let table: RouteTable
    private let places: [Int]
    private let routes: [Int]

    init(_ surface: ServedRoutes.Surface, of served: ServedRoutes) {
        table = RouteTable(surface.routes.map { served.all[$0].rule })
        places = surface.routes
        routes = surface.routes.map { served.all[$0].route }
    }

    /// The place among all that is served.
    func served(_ rule: Int) -> Int { places[rule] }
    /// The route's place in the configuration.
    func route(_ rule: Int) -> Int { routes[rule] }
}

/// All surfaces of a configuration. The first is that of all listeners which are no gateway's.
struct Surfaces: Sendable {
    let all: [Surface]
    /// By the listener's address, as configured.
    private let numbers: [String: Int]

    init(_ served: ServedRoutes) {
        all = served.surfaces.map { Surface($0, of: served) }
        var numbers: [String: Int] = [:]
        for (number, surface) in served.surfaces.enumerated() {
            for listener in surface.listeners { numbers["\(listener)"] = number }
        }
        self.numbers = numbers
    }

    func number(ofListener listener: String) -> Int { numbers[listener] ?? 0 }
}
