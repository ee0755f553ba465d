// swift-tools-version: 6.2
import PackageDescription

// Coverage-guided fuzzing of the decoders; see run.sh.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .unsafeFlags(["-sanitize=fuzzer,address"]),
]
let formats: Target.Dependency = .product(name: "MaskFormats", package: "hausdorffd")

func fuzzer(_ name: String, _ more: [Target.Dependency] = []) -> Target {
  .executableTarget(
    name: name, dependencies: ["FuzzInput", formats] + more, swiftSettings: settings,
    linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address"])])
}

let package = Package(
  name: "Fuzz",
  dependencies: [.package(name: "hausdorffd", path: "../..")],
  targets: [
    .target(name: "FuzzInput", dependencies: [formats], swiftSettings: settings),
    .target(name: "CJSONOracle", linkerSettings: [.linkedLibrary("simdjson")]),
    fuzzer("FuzzJSON", ["CJSONOracle"]), fuzzer("FuzzNPY"), fuzzer("FuzzPNG"), fuzzer("FuzzNIfTI"),
    fuzzer("FuzzGzip"), fuzzer("FuzzRLE"), fuzzer("FuzzTensors"),
    fuzzer("FuzzForm", [.product(name: "HTTPServer", package: "hausdorffd")]),
    fuzzer("FuzzArchive", [.product(name: "Training", package: "hausdorffd")]),
  ],
  cxxLanguageStandard: .gnucxx20
)
