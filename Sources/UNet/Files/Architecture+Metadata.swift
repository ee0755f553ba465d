extension Architecture {
  /// As text to save with a model.
  var metadata: [(String, String)] {
    [
      ("architecture.levels", "\(levels)"), ("architecture.base_channels", "\(baseChannels)"),
      ("architecture.in_channels", "\(inChannels)"), ("architecture.classes", "\(classes)"),
      ("architecture.normalization", normalization.rawValue), ("architecture.dropout", dropout.description),
    ]
  }

  /// - Throws: `UNetError.model` where an entry is missing, has no meaning, or makes what cannot be built.
  init(metadata: [String: String]) throws(UNetError) {
    func value<Value>(_ key: String, _ parse: (String) -> Value?) throws(UNetError) -> Value {
      guard let text = metadata[key] else { throw UNetError(.model, "the model lacks '\(key)'") }
      guard let value = parse(text) else { throw UNetError(.model, "the model's '\(key)' is invalid") }
      return value
    }
    self.init()
    levels = try value("architecture.levels") { Int($0) }
    baseChannels = try value("architecture.base_channels") { Int($0) }
    inChannels = try value("architecture.in_channels") { Int($0) }
    classes = try value("architecture.classes") { Int($0) }
    normalization = try value("architecture.normalization") { Normalization(rawValue: $0) }
    dropout = try value("architecture.dropout") { Float($0) }
    do throws(UNetError) { try validate() } catch { throw UNetError(.model, error.detail) }
  }
}
