import Configuration
import Filters

extension ConsumerDirectory.Consumer {
    init(_ settings: ConsumerSettings) {
        self.init(
            id: settings.id, plan: settings.plan, scopes: settings.scopes,
            keys: settings.keys.map { ConsumerDirectory.Key($0) })
    }
}

extension ConsumerDirectory.Key {
    fileprivate init(_ settings: ConsumerKeySettings) {
        self.init(hash: settings.hash)
        (expires, scopes, plan, addresses) = (settings.expires, settings.scopes, settings.plan, settings.addresses)
    }
}

extension APIKeyAuthenticator.Source {
    init(_ settings: APIKeySettings) {
        self =
            switch settings {
            case .header(let name): .header(name)
            case .query(let name): .query(name)
            case .cookie(let name): .cookie(name)
            }
    }
}
