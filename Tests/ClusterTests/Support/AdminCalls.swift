import TestSupport

/// A call of the admin API as a script on the node's machine makes it.
func callAdmin(_ target: String, method: String = "GET", port: Int) throws -> RawMessage {
    let connection = try RawConnection(port: port, timeout: .seconds(20))
    try connection.sendRequest([
        "\(method) \(target) HTTP/1.1", "Host: localhost", "Content-Type: application/json", "Content-Length: 0",
        "Connection: close",
    ])
    return try connection.readResponse(to: method)
}
