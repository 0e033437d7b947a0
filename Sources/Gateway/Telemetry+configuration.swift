import Configuration
import Filters
import Telemetry

extension AccessLogRules {
    init(_ settings: AccessLogSettings) {
        self.init()
        format =
            switch settings.format {
            case .json: .json
            case .logfmt: .logfmt
            case .combined: .combined
            }
        sample = settings.sample
        headers = settings.headers.map { $0.lowercased() }
        redactedHeaders.formUnion(settings.redactedHeaders.map { $0.lowercased() })
        redactedParameters.formUnion(settings.redactedParameters.map { $0.lowercased() })
        guard let names = settings.fields else { return }
        fields = AccessLogFields(AccessLogFields.byName.filter { names.contains($0.key) }.map(\.value))
    }
}

extension DecisionAudit.Rules {
    init(_ settings: DecisionSettings) {
        self.init(
            admitted: settings.sample, refused: settings.refused, keep: settings.keep,
            lifeMilliseconds: settings.lifeMicroseconds / 1000)
    }
}
