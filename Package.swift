// swift-tools-version: 6.2

import PackageDescription

/// Settings every target shares: one list, so that no target drifts.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .treatAllWarnings(as: .error),
]

/// Has the linker write the agent's 140,000 load-time relocations as a bitmap.
///
/// They are read at each start and stay in memory: 3.5 MB of it (docs/performance.md). Needs the
/// toolchain's own lld, and glibc 2.36, which is Debian 12's.
let packedRelocations: [LinkerSetting] = [
    .unsafeFlags(
        ["-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs"],
        .when(configuration: .release)
    )
]

// Products of other packages, named once.
let argumentParser = Target.Dependency.product(
    name: "ArgumentParser",
    package: "swift-argument-parser"
)
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(
    name: "HummingbirdTesting",
    package: "hummingbird"
)
let lifecycleTestKit = Target.Dependency.product(
    name: "ServiceLifecycleTestKit",
    package: "swift-service-lifecycle"
)
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle",
    package: "swift-service-lifecycle"
)
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let unixSignals = Target.Dependency.product(
    name: "UnixSignals",
    package: "swift-service-lifecycle"
)
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "stampd",
    products: [
        .executable(name: "stampd", targets: ["stampd"]),
        .executable(name: "stamphq", targets: ["stamphq"]),
        .executable(name: "stampctl", targets: ["stampctl"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift.git", exact: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", exact: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams.git", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client.git", exact: "1.37.0"),
        .package(
            url: "https://github.com/swift-server/swift-service-lifecycle.git",
            exact: "2.13.0"
        ),
    ],
    targets: [
        // C: what Swift cannot import by itself.
        .systemLibrary(name: "CDevices", pkgConfig: "libudev", providers: [.apt(["libudev-dev"])]),
        .systemLibrary(
            name: "CLedger",
            pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"])]
        ),
        .systemLibrary(name: "CTasks"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // Pure: no I/O, no clock, no locale.
        .target(name: "LoyaltyCore", swiftSettings: strict),
        .target(
            name: "ScanCodec",
            dependencies: ["LoyaltyCore", crypto, cryptoExtras],
            swiftSettings: strict
        ),
        .target(
            name: "SyncWire",
            dependencies: ["LoyaltyCore", "CZlib", crypto],
            swiftSettings: strict
        ),

        // I/O: one outside thing each.
        .target(
            name: "ScannerIO",
            dependencies: ["CDevices", "ScanCodec", logging],
            swiftSettings: strict
        ),
        .target(
            name: "LedgerDB",
            dependencies: ["CLedger", "LoyaltyCore", "SyncWire", grdb],
            swiftSettings: strict
        ),
        .target(
            name: "DaemonKit",
            dependencies: ["CDevices", logging],
            swiftSettings: strict
        ),
        .target(name: "Documents", dependencies: ["LoyaltyCore", yams], swiftSettings: strict),

        // Services: long-running work.
        .target(
            name: "StampAgent",
            dependencies: [
                "LedgerDB", "LoyaltyCore", "ScanCodec", "SyncWire",
                crypto, httpClient, lifecycle, logging, nioCore, nioHTTP1, nioPosix, nioSSL,
            ],
            swiftSettings: strict
        ),
        .target(
            name: "CounterAPI",
            dependencies: [
                "LoyaltyCore", "StampAgent", "SyncWire",
                hummingbird, hummingbirdCore, hummingbirdTLS, lifecycle, logging, nioCore, nioSSL,
            ],
            resources: [.embedInCode("Page")],
            swiftSettings: strict
        ),
        .target(
            name: "StampHQ",
            dependencies: [
                "CLedger", "DaemonKit", "LoyaltyCore", "SyncWire", crypto, grdb, hummingbird,
                hummingbirdCore, hummingbirdTLS, lifecycle, logging, nioCore, nioSSL,
            ],
            swiftSettings: strict
        ),

        // Programs: parse, build, run.
        .executableTarget(
            name: "stampd",
            dependencies: [
                "CTasks", "CounterAPI", "DaemonKit", "Documents", "LedgerDB", "LoyaltyCore",
                "ScanCodec", "ScannerIO", "StampAgent", "StampHQ", "SyncWire",
                argumentParser, httpClient, lifecycle, logging, nioCore, nioPosix, unixSignals,
            ],
            resources: [.embedInCode("Demo/programme.yaml")],
            swiftSettings: strict,
            linkerSettings: packedRelocations
        ),
        .executableTarget(
            name: "stamphq",
            dependencies: [
                "DaemonKit", "Documents", "LedgerDB", "LoyaltyCore", "StampAgent", "StampHQ",
                "SyncWire",
                argumentParser, crypto, httpClient, lifecycle, logging, nioCore, nioHTTP1, nioPosix,
                nioSSL, unixSignals,
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "stampctl",
            dependencies: [
                "DaemonKit", "Documents", "LoyaltyCore", "ScanCodec", "SyncWire",
                argumentParser, httpClient, nioCore, nioHTTP1,
            ],
            resources: [.embedInCode("Words")],
            swiftSettings: strict
        ),

        // Measures; `make bench` builds and runs it, nothing installs it.
        .executableTarget(
            name: "stampbench",
            dependencies: [
                "CDevices", "CLedger", "DaemonKit", "Documents", "LedgerDB", "LoyaltyCore",
                "ScanCodec", "ScannerIO", "StampAgent", "StampHQ", "SyncWire",
                argumentParser, lifecycle, logging, unixSignals,
            ],
            swiftSettings: strict
        ),

        // Tests, one target for each of ours; EndToEndTests runs the built programs.
        .testTarget(name: "LoyaltyCoreTests", dependencies: ["LoyaltyCore"], swiftSettings: strict),
        .testTarget(
            name: "ScanCodecTests",
            dependencies: ["LoyaltyCore", "ScanCodec"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SyncWireTests",
            dependencies: ["LoyaltyCore", "SyncWire", crypto],
            swiftSettings: strict
        ),
        // Runs a scanner monitor under umockdev; built for ScannerIOTests, never installed.
        .executableTarget(
            name: "ScannerProbe",
            dependencies: ["ScanCodec", "ScannerIO", logging],
            path: "Tests/ScannerProbe",
            swiftSettings: strict
        ),
        .testTarget(
            name: "ScannerIOTests",
            dependencies: ["CDevices", "ScanCodec", "ScannerIO", "ScannerProbe", logging],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "ledgerprobe",
            dependencies: ["CLedger", "LedgerDB", "LoyaltyCore", "SyncWire"],
            path: "Tests/LedgerProbe",
            swiftSettings: strict
        ),
        .testTarget(
            name: "LedgerDBTests",
            dependencies: ["LedgerDB", "LoyaltyCore", "SyncWire", "ledgerprobe", crypto, grdb],
            swiftSettings: strict
        ),
        .testTarget(
            name: "DaemonKitTests",
            dependencies: ["DaemonKit", logging],
            swiftSettings: strict
        ),
        .testTarget(
            name: "DocumentsTests",
            dependencies: ["Documents", "LoyaltyCore"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "StampAgentTests",
            dependencies: [
                "LedgerDB", "LoyaltyCore", "ScanCodec", "StampAgent", "SyncWire",
                crypto, lifecycle, lifecycleTestKit, logging,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "CounterAPITests",
            dependencies: [
                "CounterAPI", "Documents", "LedgerDB", "LoyaltyCore", "ScanCodec", "StampAgent",
                "SyncWire", crypto, httpClient, hummingbird, lifecycle, lifecycleTestKit, logging,
                nioCore, nioHTTP1, nioPosix, nioSSL,
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "DisplayProbe",
            dependencies: [
                "CounterAPI", "LedgerDB", "LoyaltyCore", "ScanCodec", "StampAgent", "SyncWire",
                crypto, logging, nioPosix,
            ],
            path: "Tests/DisplayProbe",
            swiftSettings: strict
        ),
        .testTarget(
            name: "StampHQTests",
            dependencies: [
                "DaemonKit", "LoyaltyCore", "StampHQ", "SyncWire",
                crypto, grdb, httpClient, hummingbird, hummingbirdTesting, lifecycle, logging,
                nioCore, nioHTTP1, nioSSL,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "FleetTests",
            dependencies: ["LedgerDB", "LoyaltyCore", "StampAgent", "StampHQ", "SyncWire"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "Documents", "LedgerDB", "LoyaltyCore", "ScanCodec", "StampAgent", "StampHQ",
                "SyncWire", lifecycle, logging,
            ],
            swiftSettings: strict
        ),
        .testTarget(name: "TidyTests", swiftSettings: strict),
    ]
)
