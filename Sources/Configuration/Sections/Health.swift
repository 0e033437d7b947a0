import Policies

/// `health` of an upstream.
extension Kind where Value == HealthCheck? {
    static var healthCheck: Kind {
        .section("health", "a mapping such as { path: /healthz, interval: 5s }") { section in
            var check = HealthCheck()
            let path = section.optional(
                "path", .text("a path such as /healthz"), "What is asked for; a status from 200 to 399 is good.")
            let grpc = section.optional(
                "grpc", .text("the name of a gRPC service"),
                "Asks grpc.health.v1.Health for this service instead; true: for the whole server.")
            let tcp = section.optional(
                "tcp", .boolean, "true: whether it accepts a connection is all that is checked.")
            check.intervalMicroseconds = section.value(
                "interval", .duration(100_000...3_600_000_000), default: check.intervalMicroseconds,
                "From one check to the next.")
            check.timeoutMicroseconds = section.value(
                "timeout", .duration(10_000...60_000_000), default: check.timeoutMicroseconds,
                "How long an answer may take.")
            check.unhealthyAfter = section.value(
                "unhealthy_after", .integer(1...100), default: check.unhealthyAfter,
                "Bad answers in a row after which a target is asked for nothing else.")
            check.healthyAfter = section.value(
                "healthy_after", .integer(1...100), default: check.healthyAfter,
                "Good answers in a row after which it serves again.")
            if tcp == true {
                guard path == nil, grpc == nil else {
                    section.place(of: "tcp").report(
                        "tcp asks nothing, so path and grpc can't be asked", hint: "keep one of them")
                    return nil
                }
                check.kind = .tcp
                return .some(check)
            }
            switch (path, grpc) {
            case (nil, let service?): check.kind = .grpc(service: service == "true" ? "" : service)
            case (let path?, nil):
                guard path.hasPrefix("/"), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                    section.place(of: "path").report("a path begins with / and has no blanks", hint: "such as /healthz")
                    return nil
                }
                check.kind = .http(path: path)
            case (nil, nil):
                section.reader.report("a health check needs a path, grpc or tcp", hint: "add path: /healthz")
                return nil
            default:
                section.place(of: "grpc").report("path and grpc can't both be asked", hint: "keep one of them")
                return nil
            }
            return .some(check)
        }
    }
}
