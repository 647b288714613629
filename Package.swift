// swift-tools-version: 6.2

import PackageDescription

// The manifest is the picture of what may know what (docs/architecture.md): cores know no I/O,
// a shell knows only the cores that it serves, and imports run one way.

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InferIsolatedConformances"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
  .define("FAIL_POINTS", .when(traits: ["FailPoints"])),
]

/// Generated code is held to the compiler's defaults only.
let generatedSettings: [SwiftSetting] = [.swiftLanguageMode(.v6)]

extension Target.Dependency {
  static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
  static let asyncHTTPClient = product(name: "AsyncHTTPClient", package: "async-http-client")
  static let deque = product(name: "DequeModule", package: "swift-collections")
  static let grdb = product(name: "GRDB", package: "GRDB.swift")
  static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
  static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
  static let logging = product(name: "Logging", package: "swift-log")
  static let metrics = product(name: "Metrics", package: "swift-metrics")
  static let coreMetrics = product(name: "CoreMetrics", package: "swift-metrics")
  static let nioCore = product(name: "NIOCore", package: "swift-nio")
  static let nioHPACK = product(name: "NIOHPACK", package: "swift-nio-http2")
  static let nioHTTP2 = product(name: "NIOHTTP2", package: "swift-nio-http2")
  static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
  static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
  static let heap = product(name: "HeapModule", package: "swift-collections")
  static let protobuf = product(name: "SwiftProtobuf", package: "swift-protobuf")
  static let serviceLifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
  static let subprocess = product(name: "Subprocess", package: "swift-subprocess")
  static let system = product(name: "SystemPackage", package: "swift-system")
  static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
  static let yams = product(name: "Yams", package: "Yams")
}

func target(_ name: String, in plane: String? = nil, _ dependencies: [Target.Dependency]) -> Target {
  .target(
    name: name, dependencies: dependencies,
    path: "Sources/" + (plane.map { $0 + "/" } ?? "") + name, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: settings)
}

/// What reads bytes from others, and what the tests and the fuzzer make them with.
let decoderDependencies: [Target.Dependency] = [
  "RoundFixtures", "Coordination", "Contract", "Ledger", "Overlay", "Model", "Sodium", "Wire", .protobuf,
]

let package = Package(
  name: "JointCloud",
  products: [
    .executable(name: "jointcloud", targets: ["jointcloud"]),
    .executable(name: "benchmarks", targets: ["benchmarks"]),
    .executable(name: "simulate", targets: ["simulate"]),
  ],
  traits: [
    .trait(
      name: "FailPoints",
      description: "Test builds only: lets JOINTCLOUD_FAIL_POINT kill the process at a named boundary.")
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.36.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
  ],
  targets: [
    .systemLibrary(
      name: "CSodium", path: "Sources/CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
    target("Sodium", ["CSodium"]),
    target("Model", ["Sodium"]),

    target("Overlay", in: "InformationPlane", ["Model", "Sodium", "Wire", .protobuf, .deque]),
    target("Ledger", in: "InformationPlane", ["Model", "Sodium"]),
    .target(
      name: "Wire", dependencies: [.protobuf], path: "Sources/InformationPlane/Wire",
      swiftSettings: generatedSettings),
    target(
      "Transport", in: "InformationPlane",
      ["Overlay", "Model", "Sodium", "Wire", .protobuf, .nioCore, .nioPosix, .deque, .logging]),
    target("Storage", in: "InformationPlane", ["Engine", "Ledger", "Model", "Sodium", .grdb]),
    .target(
      name: "Interface",
      dependencies: [
        "Engine", "Contract", "Model", "Sodium", .hummingbird, .httpTypes, .asyncHTTPClient, .nioCore, .nioPosix,
        .nioHTTP1, .logging, .metrics, .coreMetrics, .serviceLifecycle,
      ],
      path: "Sources/InformationPlane/Interface", resources: [.embedInCode("openapi.yaml")], swiftSettings: settings),

    target("Manifest", in: "InformationPlane", ["Contract", "Coordination", "Model", "Sodium", .yams]),

    target("EventQueue", in: "BusinessPlane", ["Model", .heap]),

    target("Contract", in: "ControlPlane", ["Model"]),
    target("Consensus", in: "ControlPlane", ["Ledger", "Model", "Sodium"]),
    target("Coordination", in: "ControlPlane", ["Contract", "EventQueue", "Resources", "Model"]),

    target("Resources", in: "ResourcePlane", ["Model"]),
    target("Adapters", in: "ResourcePlane", ["Resources", "Model", .deque, .subprocess, .system, .logging]),

    target(
      "Engine",
      [
        "Overlay", "Ledger", "EventQueue", "Contract", "Consensus", "Coordination", "Resources", "Model", "Sodium",
        "Wire", .protobuf,
      ]),
    target(
      "Node",
      [
        "Engine", "Transport", "Storage", "Interface", "Adapters", "Overlay", "Ledger", "EventQueue", "Coordination",
        "Manifest", "Resources", "Model", "Sodium", "Contract", .deque, .nioCore, .nioPosix, .serviceLifecycle,
        .unixSignals, .logging,
        .metrics, .coreMetrics,
      ]),
    .executableTarget(
      name: "jointcloud",
      dependencies: [
        "Node", "Engine", "Interface", "Storage", "Ledger", "Contract", "Coordination", "Resources", "Overlay", "Model",
        "Manifest", "Sodium", "Adapters", .argumentParser, .yams, .logging, .subprocess, .system, .grdb, .unixSignals,
      ],
      path: "Sources/jointcloud", swiftSettings: settings),
    .executableTarget(
      name: "benchmarks",
      dependencies: [
        "Engine", "Interface", "Node", "Contract", "Coordination", "Consensus", "Ledger", "Storage", "Transport",
        "Overlay", "Model", "Sodium", "Wire", .argumentParser, .logging, .nioCore, .nioHPACK, .nioHTTP2, .nioPosix,
        .protobuf, .subprocess, .system, .unixSignals,
      ],
      path: "Sources/benchmarks", swiftSettings: settings),

    .target(
      name: "Simulations",
      dependencies: [
        "Engine", "Contract", "Coordination", "Consensus", "Ledger", "Model", "Overlay", "Resources", "Sodium", "Wire",
        .heap, .protobuf,
      ],
      path: "Simulations/World", swiftSettings: settings),
    // The promises of consensus, read by themselves: it imports no core, so that no core judges itself.
    .target(name: "Oracle", dependencies: ["Sodium"], path: "Simulations/Oracle", swiftSettings: settings),
    .executableTarget(
      name: "simulate", dependencies: ["Simulations", "Model", .argumentParser],
      path: "Simulations/simulate", swiftSettings: settings),

    tests(
      "OverlayTests",
      ["Simulations", "Engine", "Contract", "Coordination", "Overlay", "Model", "Sodium", "Wire", .protobuf]),
    tests(
      "TransportTests",
      ["Transport", "Overlay", "Model", "Sodium", .nioCore, .nioPosix, .logging]),
    tests("ManifestTests", ["Manifest", "Contract", "Coordination", "Model"]),
    tests("SodiumTests", ["Sodium"]),
    tests("ModelTests", ["Model", "Sodium"]),
    .target(
      name: "RoundFixtures", dependencies: ["Contract", "Model", "Overlay"], path: "Tests/RoundFixtures",
      swiftSettings: settings),
    tests("ContractTests", ["RoundFixtures", "Contract", "Model", "Overlay"]),
    tests(
      "CoordinationTests", ["RoundFixtures", "Coordination", "Contract", "Model", "Overlay", "Resources", "Sodium"]),
    tests("EventQueueTests", ["EventQueue", "Model"]),
    tests(
      "EngineTests",
      [
        "Simulations", "Engine", "Contract", "Coordination", "Consensus", "EventQueue", "Ledger", "Model", "Overlay",
        "Resources", "Sodium",
      ]),
    tests("SimulationsTests", ["Simulations", "simulate", "Engine", "Model", "Overlay", "Sodium"]),
    .target(
      name: "LedgerFixtures", dependencies: ["Ledger", "Model", "Sodium"], path: "Tests/LedgerFixtures",
      swiftSettings: settings),
    tests("LedgerTests", ["LedgerFixtures", "Ledger", "Model", "Sodium"]),
    tests("ConsensusTests", ["LedgerFixtures", "Oracle", "Consensus", "Ledger", "Model", "Sodium"]),
    tests("OracleTests", ["Oracle", "Sodium"]),
    tests("StorageTests", ["LedgerFixtures", "Storage", "Engine", "Ledger", "Model", "Sodium", .grdb]),
    tests("ResourcesTests", ["Resources", "Model"]),
    // A node in small, that the adapters' tests kill.
    .executableTarget(
      name: "adapterhost", dependencies: ["Adapters", "Resources", "Model"], path: "Tests/AdapterHost",
      swiftSettings: settings),
    tests("AdaptersTests", ["Adapters", "Resources", "Model", "adapterhost", .subprocess, .system]),
    tests(
      "InterfaceTests",
      [
        "Interface", "Engine", "Contract", "Model", "Sodium", .asyncHTTPClient, .nioCore, .nioHTTP1, .logging,
        .metrics, .coreMetrics, .yams,
      ]),
    tests(
      "NodeSetupTests",
      [
        "Node", "Contract", "Coordination", "Engine", "Manifest", "Model", "Overlay", "Resources", "Storage", .logging,
      ]),
    tests("CommandLineTests", ["jointcloud", "Model"]),
    tests("EndToEnd", ["jointcloud"]),
    .testTarget(
      name: "DecoderTests", dependencies: decoderDependencies, path: "Tests/DecoderTests",
      exclude: ["Corpus", "Fuzzing"], swiftSettings: settings),
  ]
)

// The fuzzer links with libFuzzer only, so it takes the tests' place where it is asked for (docs/fuzzing.md).
if Context.environment["JOINTCLOUD_FUZZ"] != nil {
  package.targets.removeAll { $0.name == "DecoderTests" }
  package.targets.append(
    .executableTarget(
      name: "fuzz", dependencies: decoderDependencies, path: "Tests/DecoderTests",
      exclude: ["Corpus", "Fuzzing/dictionary", "Fuzzing/run"], sources: ["Decoders", "Fuzzing"],
      swiftSettings: settings))
  package.products = [.executable(name: "fuzz", targets: ["fuzz"])]
}
