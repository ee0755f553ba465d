// swift-tools-version: 6.2
import PackageDescription

// What `make bench` runs beside the server and the Python peers.
let package = Package(
  name: "Benchmarks",
  dependencies: [.package(name: "hausdorffd", path: "..")],
  targets: [
    .executableTarget(name: "bare-server", linkerSettings: [.linkedLibrary("microhttpd")]),
    .executableTarget(
      name: "loss-timer", dependencies: [.product(name: "Hausdorff", package: "hausdorffd")]),
    .executableTarget(
      name: "pair-timer", dependencies: [.product(name: "Hausdorff", package: "hausdorffd")]),
    .executableTarget(
      name: "step-timer",
      dependencies: [
        .product(name: "Hausdorff", package: "hausdorffd"), .product(name: "UNet", package: "hausdorffd"),
      ]),
  ]
)
