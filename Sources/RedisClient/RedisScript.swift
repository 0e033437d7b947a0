/// A Lua script that runs inside Redis.
package struct RedisScript: Hashable, Sendable {
    /// For error messages.
    package let name: String
    package let source: [UInt8]

    package init(name: String, source: [UInt8]) {
        self.name = name
        self.source = source
    }
}

/// A script that was registered with a connection.
package struct RedisScriptID: Hashable, Sendable {
    let index: Int
}

/// A script as one connection knows it.
struct RegisteredScript {
    let script: RedisScript
    /// `EVALSHA <sha>`, once Redis has told the digest; the same on all servers.
    var call: RedisCommandWriter.Encoded?
    /// `EVAL <source>`, for calls before that.
    let evaluation: RedisCommandWriter.Encoded
    /// A `SCRIPT LOAD` is on its way.
    var isLoading = false

    init(_ script: RedisScript) {
        self.script = script
        evaluation = RedisCommandWriter.encoding(["EVAL", String(decoding: script.source, as: UTF8.self)])
    }
}
