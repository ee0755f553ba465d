import ArgumentParser
import HTTPServer
import Hausdorff
import Logging
import MaskFormats
import ServiceLifecycle

@main
struct Program: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "hausdorffd")
  mutating func run() async throws {}
}
