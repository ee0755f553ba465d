// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]
let cSettings: [CSetting] = [.treatAllWarnings(as: .error)]
let cxxSettings: [CXXSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
  name: "hausdorffd",
  products: [
    .executable(name: "hausdorffd", targets: ["hausdorffd"]),
    .library(name: "Hausdorff", targets: ["Hausdorff"]),
    .library(name: "MaskFormats", targets: ["MaskFormats"]),
    .library(name: "HTTPServer", targets: ["HTTPServer"]),
    .library(name: "UNet", targets: ["UNet"]),
    .library(name: "Training", targets: ["Training"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // C libraries, from Debian packages.
    .systemLibrary(
      name: "CMicrohttpd", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
    .systemLibrary(name: "CSpng", pkgConfig: "spng", providers: [.apt(["libspng-dev"])]),
    .systemLibrary(name: "CDNNL", providers: [.apt(["libdnnl-dev"])]),
    .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
    .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CNettle", pkgConfig: "nettle", providers: [.apt(["nettle-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
      name: "CSimdjson", cxxSettings: cxxSettings, linkerSettings: [.linkedLibrary("simdjson")]),
    .target(name: "CKernels", cSettings: cSettings),

    // The libraries.
    .target(name: "Hausdorff", dependencies: ["CKernels"], swiftSettings: swiftSettings),
    .target(
      name: "MaskFormats", dependencies: ["Hausdorff", "CSimdjson", "CSpng", "CZlib"],
      swiftSettings: swiftSettings),
    .target(
      name: "UNet", dependencies: ["CDNNL", "CKernels", "Hausdorff", "MaskFormats"],
      swiftSettings: swiftSettings),
    .target(
      name: "Training",
      dependencies: [
        "CArchive", "CLibpq", "CNettle", "Hausdorff", "MaskFormats",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: swiftSettings),
    .target(name: "HTTPServer", dependencies: ["CMicrohttpd"], swiftSettings: swiftSettings),

    // The program.
    .executableTarget(
      name: "hausdorffd",
      dependencies: [
        "Hausdorff", "MaskFormats", "HTTPServer", "Training", "UNet",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      resources: [.embedInCode("openapi.yaml")],
      swiftSettings: swiftSettings),

    .target(
      name: "TestSupport", dependencies: ["CZlib"], path: "Tests/TestSupport", swiftSettings: swiftSettings),
    .testTarget(
      name: "HausdorffTests", dependencies: ["Hausdorff", "CKernels"], resources: [.copy("Fixtures")],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "MaskFormatsTests", dependencies: ["MaskFormats", "Hausdorff", "TestSupport"],
      resources: [.copy("Fixtures"), .copy("Regressions")], swiftSettings: swiftSettings),
    .testTarget(
      name: "UNetTests", dependencies: ["UNet", "CKernels", "Hausdorff", "MaskFormats"],
      exclude: ["Python"], resources: [.copy("Fixtures")],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "TrainingTests", dependencies: ["Training", "CZlib", "Hausdorff", "MaskFormats", "TestSupport"],
      resources: [.copy("Fixtures")], swiftSettings: swiftSettings),
    .testTarget(
      name: "HTTPServerTests", dependencies: ["HTTPServer"], swiftSettings: swiftSettings),
    .testTarget(
      name: "hausdorffdTests",
      dependencies: [
        "hausdorffd", "HTTPServer", "TestSupport", .product(name: "CoreMetrics", package: "swift-metrics"),
      ], exclude: ["Python"],
      swiftSettings: swiftSettings
    ),
  ],
  cLanguageStandard: .gnu2x,
  cxxLanguageStandard: .gnucxx20
)
