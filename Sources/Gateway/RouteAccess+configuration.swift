import Configuration
import Filters
import JSON

extension RouteAccess {
    init(_ settings: RouteAuthentication) {
        self.init(AccessRules(settings.access), methods: settings.methods.mapValues { AccessRules($0) })
    }
}

extension AccessRules {
    fileprivate init(_ settings: AccessSettings) {
        self.init(
            scopes: settings.scopes, roles: settings.roles,
            claims: settings.claims.map { .init(path: ClaimPath($0.key), values: $0.value) },
            consumers: settings.consumers)
    }
}
