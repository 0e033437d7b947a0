extension RedisEndpoint {
    /// Why a text is no URL of a Redis: a sentence for the user, without the text, which may hold a password.
    package struct Malformed: Error, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// From a URL as `state.redis` takes it.
    package init(text: String) throws(Malformed) {
        do throws(RedisURLProblem) {
            try self.init(url: text)
        } catch {
            throw Malformed(description: "\(error.message); \(error.hint)")
        }
    }
}
