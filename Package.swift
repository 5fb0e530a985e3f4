// swift-tools-version: 6.2
import PackageDescription

// The rooms and which way the arrows point: docs/architecture.md. An import that is not declared
// here fails `make check` (--explicit-target-dependency-import-check error).

/// `make check` makes warnings errors. Whoever builds with a newer compiler is only warned.
let warnings: [SwiftSetting] =
    Context.environment["BOURSE_STRICT"] == nil ? [] : [.treatAllWarnings(as: .error)]

let strict: [SwiftSetting] =
    warnings + [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]

/// `make setup` puts the pinned libduckdb into `.deps/lib`: programs look for it there when they open
/// an engine, and then wherever the system keeps libraries.
let engine: [LinkerSetting] = [
    .unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", Context.packageDirectory + "/.deps/lib"])
]

/// The services whose operations are generated from the public models, one target each.
let services = [
    "STS", "IAM", "S3", "Glue", "LakeFormation", "Athena", "DataExchange", "EventBridge", "SQS",
]
let serviceTargets: [Target] = services.map {
    .target(
        name: $0 + "API", dependencies: ["AWSAPI"], path: "Sources/AWSServices/" + $0,
        swiftSettings: strict)
}
let serviceAPIs: [Target.Dependency] = services.map { .byName(name: $0 + "API") } + ["BourseAPI"]

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]

let package = Package(
    name: "bourse",
    products: [.executable(name: "bourse", targets: ["bourse"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // AWSAPI: operations, errors, wire protocols, signing, ARNs, policies. No I/O.
        .target(
            name: "AWSAPI",
            dependencies: [.product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: strict),
        .target(
            name: "BourseAPI", dependencies: ["AWSAPI", "GlueAPI", "LakeFormationAPI"],
            path: "Sources/AWSServices/Bourse",
            swiftSettings: strict),

        // The engine: a small safe face on DuckDB's C API, and the sandboxed child that runs SQL.
        .target(name: "CDuckDB"),
        .target(name: "DuckDB", dependencies: ["CDuckDB"], swiftSettings: strict),
        .target(name: "CSandbox"),
        .target(
            name: "QueryWorker", dependencies: ["AWSAPI", "DuckDB", "CSandbox"],
            swiftSettings: strict),

        // State: SQLite through GRDB.
        .target(
            name: "Ledger", dependencies: [.product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: strict),

        .target(
            name: "EmbeddedCloud",
            dependencies: serviceAPIs + [
                "AWSAPI", "DuckDB", "Ledger", "QueryWorker",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HashTreeCollections", package: "swift-collections"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .target(
            name: "AWSClient",
            dependencies: [
                "AWSAPI", .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strict),
        .target(
            name: "Marketplace",
            dependencies: serviceAPIs + [
                "AWSAPI", "Ledger",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Mustache", package: "swift-mustache"),
            ],
            swiftSettings: strict),
        .target(
            name: "Doors",
            dependencies: serviceAPIs + nio + [
                "AWSAPI", "EmbeddedCloud", "Marketplace",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            resources: [.embedInCode("Resources/credentials.py")], swiftSettings: strict),
        .executableTarget(
            name: "bourse",
            dependencies: serviceAPIs + [
                "AWSAPI", "AWSClient", "Doors", "DuckDB", "EmbeddedCloud", "Marketplace",
                "QueryWorker",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict,
            linkerSettings: engine),

        // `dev/bench rooms` measures with it.
        .executableTarget(
            name: "room-benchmarks",
            dependencies: [
                "AWSAPI", "DuckDB", "EmbeddedCloud", "GlueAPI", "QueryWorker",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            path: "Benchmarks/Rooms", swiftSettings: strict, linkerSettings: engine),

        .testTarget(
            name: "AWSAPITests", dependencies: serviceAPIs + ["AWSAPI"],
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(
            name: "AWSClientTests",
            dependencies: [
                "AWSAPI", "AWSClient", "GlueAPI", "IAMAPI", "S3API", "STSAPI",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "DuckDBTests", dependencies: ["DuckDB"], swiftSettings: strict,
            linkerSettings: engine),
        .testTarget(
            name: "QueryWorkerTests", dependencies: ["DuckDB", "QueryWorker"],
            swiftSettings: strict),
        .testTarget(
            name: "MarketplaceTests",
            dependencies: serviceAPIs + [
                "AWSAPI", "AWSClient", "Doors", "EmbeddedCloud", "Ledger", "Marketplace",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict, linkerSettings: engine),
        .testTarget(
            name: "EmbeddedCloudTests",
            dependencies: serviceAPIs + [
                "AWSAPI", "DuckDB", "EmbeddedCloud", "Ledger",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict, linkerSettings: engine),
    ] + serviceTargets
)
