import GatewayCore
import HTTPWire
import Policies

/// A request head as the route table reads it.
struct RequestFields: FieldSource {
    let fields: FieldSection

    func hasHeader(named name: Bytes, where isWanted: (Bytes) -> Bool) -> Bool {
        for index in 0..<fields.count where fields.name(index).equalsIgnoringCase(name) {
            if isWanted(fields.value(index)) { return true }
        }
        return false
    }
}
