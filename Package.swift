// swift-tools-version: 6.2
import PackageDescription

/// Every Sluice target is held to the same bar: Swift 6 mode, and no warning survives.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    // The data path is confined to event loops by construction; its run-time exclusivity checks cost 6% of a request.
    // Debug builds, and so all tests, keep them.
    .unsafeFlags(["-enforce-exclusivity=unchecked", "-cross-module-optimization"], .when(configuration: .release)),
]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")

func library(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
    name: "sluice",
    products: [.executable(name: "sluice", targets: ["sluice"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // Arrows point down only: a target imports what is listed below it.
        .executableTarget(
            name: "sluice",
            dependencies: [
                "Gateway", "JSON", "Verification", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        // Beside the gateway, not part of it: drives load through nodes and counts what they admit.
        library("Verification", ["HTTPWire", "Policies", "RedisClient", nioCore, nioPosix]),
        library(
            "Gateway",
            [
                "Filters", "Transport", "Telemetry", "Configuration", "Credentials", "JSON", "RedisClient",
                "Encryption", "Transcoding", "Translation", "CLinux", nioCore, nioPosix,
            ], resources: [.embedInCode("Dashboard/dashboard.html")]),
        library(
            "Filters",
            [
                "Compression", "CZlib", "GatewayCore", "HTTPWire", "Credentials", "JSON", "Policies", "RedisClient",
                "Telemetry",
                nioCore,
            ],
            resources: [
                .embedInCode("RateLimit/take.lua"), .embedInCode("RateLimit/places.lua"),
                .embedInCode("RateLimit/grant.lua"),
                .embedInCode("Nodes/heartbeat.lua"), .embedInCode("Nodes/node.lua"),
                .embedInCode("Nodes/append.lua"),
                .embedInCode("Breaker/breaker.lua"), .embedInCode("Breaker/sync.lua"),
                .embedInCode("Breaker/force.lua"), .embedInCode("Health/health.lua"),
                .embedInCode("Cache/look.lua"), .embedInCode("Cache/store.lua"),
                .embedInCode("Cache/flow.lua"), .embedInCode("Cache/follow.lua"),
                .embedInCode("ClusterConfiguration/revisions.lua"), .embedInCode("ClusterConfiguration/push.lua"),
                .embedInCode("ClusterConfiguration/promote.lua"), .embedInCode("ClusterConfiguration/withdraw.lua"),
                .embedInCode("ClusterConfiguration/order.lua"), .embedInCode("ClusterConfiguration/acknowledge.lua"),
                .embedInCode("Cache/end.lua"), .embedInCode("Cache/purge.lua"),
                .embedInCode("Consumers/key.lua"), .embedInCode("Consumers/put.lua"),
                .embedInCode("Consumers/announce.lua"),
            ]),
        library(
            "Transport",
            [
                "HTTP2", "Encryption", "GatewayCore", "HTTPWire", "Policies", nioCore, nioPosix, nioSSL,
                .product(name: "NIOTLS", package: "swift-nio"),
            ]),
        library("RedisClient", ["CHiredis", "Encryption", nioCore, nioPosix, nioSSL]),
        // One HTTP/2 connection, of either side, over libnghttp2.
        library("HTTP2", ["CNghttp2", "HTTPWire", nioCore]),
        // TLS for both directions: contexts made of files.
        library("Encryption", [nioCore, nioSSL]),
        library("Telemetry"),
        library("Configuration", ["Policies", .product(name: "Yams", package: "Yams")]),
        library("Credentials", ["CCrypt", "COpenSSL", "JSON"]),
        // JSON over HTTP to gRPC and back, by descriptor; swift-protobuf reads the descriptor sets and nothing else.
        library(
            "Transcoding", ["JSON", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
            resources: [.embedInCode("Descriptors/wellknown.pb")]),
        // JSON and gRPC-Web clients of gRPC services.
        library(
            "Translation",
            ["Compression", "GatewayCore", "HTTPWire", "JSON", "Markup", "Policies", "Transcoding", nioCore]),
        // Content codings: gzip, br, zstd.
        library("Compression", ["CBrotli", "CZlib", "CZstd"]),
        // XML and forms as JSON, and JSON as XML.
        library("Markup", ["CXML2", "JSON"]),
        library("GatewayCore", ["CLinux", "HTTPWire", "JSON", "Policies", nioCore]),
        library("HTTPWire"),
        library("JSON", ["Policies"]),
        library("Policies"),
        // No pkgConfig: hiredis.pc carries a -D flag that SwiftPM warns about in each build, and nothing that is needed.
        .systemLibrary(name: "CCrypt", providers: [.apt(["libcrypt-dev"]), .brew(["libxcrypt"])]),
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"]), .brew(["hiredis"])]),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(
            name: "CBrotli", pkgConfig: "libbrotlienc", providers: [.apt(["libbrotli-dev"]), .brew(["brotli"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
        .systemLibrary(
            name: "CXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"]), .brew(["libxml2"])]),
        .systemLibrary(
            name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"]), .brew(["libnghttp2"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),

        // The demo upstream and origin of tests: a small HTTP/1.1 server with faults on request.
        .executableTarget(
            name: "demo-upstream",
            dependencies: [nioCore, nioPosix, .product(name: "NIOHTTP1", package: "swift-nio")],
            swiftSettings: strict),

        .target(
            name: "TestSupport", dependencies: [nioCore, nioPosix], path: "Tests/TestSupport", swiftSettings: strict),
        tests("PoliciesTests", ["Policies"]),
        tests("HTTPWireTests", ["HTTPWire"]),
        tests("GatewayCoreTests", ["GatewayCore", "HTTPWire", "JSON", "Policies", nioCore]),
        tests("JSONTests", ["JSON", "Policies"]),
        tests("CredentialsTests", ["Credentials", "JSON", "TestSupport"]),
        .testTarget(
            name: "TranscodingTests", dependencies: ["Transcoding", "JSON"], exclude: ["Fixtures"],
            swiftSettings: strict),
        tests("CompressionTests", ["Compression"]),
        tests("MarkupTests", ["Markup", "JSON"]),
        tests("HTTP2Tests", ["HTTP2", "HTTPWire", nioCore]),
        tests("ConfigurationTests", ["Configuration"]),
        tests("TelemetryTests", ["Telemetry"]),
        tests("RedisClientTests", ["RedisClient", "Encryption", "TestSupport"]),
        tests(
            "TransportTests",
            [
                "Transport", "Encryption", "GatewayCore", "HTTPWire", "Policies", "TestSupport", nioCore, nioPosix,
                nioSSL,
            ]),
        tests(
            "FiltersTests",
            [
                "Filters", "GatewayCore", "HTTPWire", "Credentials", "JSON", "Policies", "Telemetry", "TestSupport",
                nioCore,
            ]),
        tests("StoreConformanceTests", ["Filters", "GatewayCore", "Policies", "RedisClient", "TestSupport"]),
        tests(
            "GatewayTests",
            [
                "Gateway", "Configuration", "Credentials", "Filters", "HTTPWire", "JSON", "Policies", "Telemetry",
                "TestSupport",
            ]),
        tests("VerificationTests", ["Verification", "Policies"]),
        tests(
            "SluiceTests",
            ["sluice", "Configuration", "Filters", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
        tests("ClusterTests", ["Credentials", "Verification", "Policies", "TestSupport", nioCore]),
    ],
    swiftLanguageModes: [.v6]
)
