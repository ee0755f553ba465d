import HTTPServer

/// A request that is well formed, but asks for what cannot be.
struct RequestError: Error {
  /// The HTTP status that fits.
  var status = 422
  let errors: [Problem.FieldError]

  init(_ location: Problem.FieldError.Location, _ detail: String, status: Int = 422) {
    self.init([Problem.FieldError(location, detail)], status: status)
  }

  init(_ errors: [Problem.FieldError], status: Int = 422) {
    (self.errors, self.status) = (errors, status)
  }

  /// One sentence for people.
  var message: String { message { $0 } }

  /// The same, with options as a command line has them.
  var flagMessage: String { message(Self.flag) }

  /// The same, with another name for each parameter.
  func message(_ option: (String) -> String) -> String {
    errors.map { error in
      switch error.location {
      case .parameter(let name): "\(option(name)): \(error.detail)"
      // The whole document.
      case .pointer(""): error.detail
      case .pointer(let pointer): "\(pointer): \(error.detail)"
      }
    }.joined(separator: "; ")
  }

  /// The flag of an option.
  static func flag(_ name: String) -> String { "--" + name.map { $0 == "_" ? "-" : String($0) }.joined() }
}
