import ArgumentParser
import Glibc

/// The program: its subcommands are what it does.
@main
struct Program: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hausdorffd",
    abstract: "Scores segmentation masks with Hausdorff losses, and trains U-Nets on them.",
    version: Version.current,
    subcommands: [
      ServeCommand.self, WorkCommand.self, ScoreCommand.self, TrainCommand.self, PredictCommand.self,
      HealthcheckCommand.self, TokenCommand.self,
    ])

  static func main() async {
    if CommandLine.arguments.dropFirst(2).contains("--idle") { WorkCommand.stepBack() }
    await main(
      arguments(CommandLine.arguments.dropFirst(), environment: { getenv($0).map { String(cString: $0) } }))
  }

  /// The arguments, with those options behind them that the environment gives and the command line does not.
  static func arguments(
    _ arguments: some Collection<String>, environment: (String) -> String?
  ) -> [String] {
    let options: [String] =
      switch arguments.first {
      case "serve": ServeCommand.environmentOptions
      case "work": WorkCommand.environmentOptions
      case "healthcheck": HealthcheckCommand.environmentOptions
      default: []
      }
    var added: [String] = []
    for option in options {
      let flag = "--" + option
      guard let value = environment(variable(option)), !value.isEmpty,
        !arguments.contains(where: { $0 == flag || $0.hasPrefix(flag + "=") })
      else { continue }
      added.append("\(flag)=\(value)")
    }
    for name in arguments.first == "serve" ? AccessFlags.environmentFlags : [] {
      let flag = "--" + name
      guard let value = environment(variable(name)), !arguments.contains(flag) else { continue }
      switch value.lowercased() {
      case "true", "1", "yes", "on": added.append(flag)
      case "", "false", "0", "no", "off": break
      // A flag takes no value, so this one is refused.
      default: added.append("\(flag)=\(value)")
      }
    }
    return arguments.prefix(1) + added + arguments.dropFirst()
  }

  /// The environment's name of an option.
  private static func variable(_ option: String) -> String {
    "HAUSDORFFD_" + option.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
  }
}
