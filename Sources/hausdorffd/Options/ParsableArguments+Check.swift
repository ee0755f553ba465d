import ArgumentParser

extension ParsableArguments {
  /// Throws where an option's value does not fit.
  func check(_ name: String, _ isFit: Bool, _ range: String) throws {
    guard isFit else { throw ValidationError("--\(name) must be \(range)") }
  }
}
