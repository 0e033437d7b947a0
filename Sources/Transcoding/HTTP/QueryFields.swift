/// The parameters of a query, decoded, in order.
struct QueryFields {
    struct Parameter {
        let name: String
        let value: String
    }

    static let maximumParameters = 512

    let parameters: [Parameter]

    init(_ query: some Collection<UInt8>) throws(TranscodingFailure) {
        var parameters: [Parameter] = []
        for pair in query.split(separator: UInt8(ascii: "&")) {
            guard parameters.count < Self.maximumParameters else {
                throw .request("has more than \(Self.maximumParameters) query parameters")
            }
            let border = pair.firstIndex(of: UInt8(ascii: "="))
            let value = border.map { pair[$0...].dropFirst() } ?? pair[pair.endIndex...]
            parameters.append(
                Parameter(name: try Self.text(pair[..<(border ?? pair.endIndex)]), value: try Self.text(value)))
        }
        self.parameters = parameters
    }

    private static func text(_ bytes: some Collection<UInt8>) throws(TranscodingFailure) -> String {
        guard let decoded = PercentCoding.decode(bytes, plusIsSpace: true),
            let text = String(validating: decoded, as: UTF8.self)
        else { throw .request("has a query parameter that is not valid percent-encoded UTF-8") }
        return text
    }
}
