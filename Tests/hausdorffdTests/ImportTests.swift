import Testing

/// The modules' rules: what each part may not import.
struct ImportTests {
  /// Modules of the project that the parts are made of.
  private static let ours: Set = ["Hausdorff", "MaskFormats", "HTTPServer", "UNet", "Training", "hausdorffd"]

  private static func isC(_ module: String) -> Bool {
    module.count > 1 && module.first == "C" && module.dropFirst().first!.isUppercase
  }

  /// Why a file of a part may not import a module; nil where it may.
  private static func objection(to module: String, in part: String, file: String) -> String? {
    let isOurs = ours.contains(module) || isC(module)
    let isForbidden =
      switch part {
      case "Hausdorff": module.hasPrefix("Foundation") || isOurs && module != "CKernels"
      case "MaskFormats": ["HTTPServer", "Training", "UNet", "hausdorffd"].contains(module)
      case "HTTPServer": isOurs && module != "CMicrohttpd"
      case "Training": ["HTTPServer", "UNet", "hausdorffd"].contains(module)
      case "UNet":
        ["HTTPServer", "Training", "hausdorffd"].contains(module)
          || module == "CDNNL" && !file.contains("Tensor") && !file.contains("Layer")
      case "hausdorffd": isC(module) || module == "GRDB"
      default: isOurs
      }
    return isForbidden ? "\(part)/\(file) imports \(module)" : nil
  }

  /// The modules that Swift source imports.
  private static func imports(of text: String) -> [String] {
    let kinds: Set = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
    return text.split(whereSeparator: \.isNewline).compactMap { line in
      let words = line.split(separator: " ")
      guard let index = words.firstIndex(of: "import"), words[..<index].allSatisfy(isModifier) else {
        return nil
      }
      let name = words[(index + 1)...].first { !kinds.contains(String($0)) }
      return name.map { String($0.prefix { $0 != "." && $0 != ";" }) }
    }
  }

  private static func isModifier(_ word: Substring) -> Bool {
    word.hasPrefix("@") || ["public", "package", "internal", "fileprivate", "private"].contains(word)
  }

  /// Swift files below a folder, as paths relative to it.
  private static func files(below folder: String, _ prefix: String = "") throws -> [String] {
    try namesInFolder(folder).flatMap { name -> [String] in
      let path = "\(folder)/\(name)"
      if (try? namesInFolder(path)) != nil { return try files(below: path, "\(prefix)\(name)/") }
      return name.hasSuffix(".swift") ? [prefix + name] : []
    }
  }

  private static func objections(_ part: String, _ file: String, _ text: String) -> [String] {
    imports(of: text).compactMap { objection(to: $0, in: part, file: file) }
  }

  @Test func `No part imports what it may not`() throws {
    let sources = "\(Executable.root)/Sources"
    var importers: [String: Set<String>] = [:]
    var count = 0
    for part in try namesInFolder(sources) {
      for file in try Self.files(below: "\(sources)/\(part)") {
        let text = String(decoding: try readFile("\(sources)/\(part)/\(file)"), as: UTF8.self)
        #expect(Self.objections(part, file, text) == [])
        for module in Self.imports(of: text) where part == "Training" {
          importers[module, default: []].insert(file)
        }
        count += 1
      }
    }
    #expect(count > 50, "the sources were not found")
    for module in ["CLibpq", "CArchive"] {
      #expect(importers[module, default: []].count <= 1, "\(module): one file of Training may import it")
    }
  }

  @Test(arguments: [
    ("Hausdorff", "Mask.swift", "import Foundation"),
    ("Hausdorff", "Mask.swift", "internal import MaskFormats"),
    ("Hausdorff", "Mask.swift", "import FoundationEssentials"), ("Hausdorff", "Mask.swift", "import CSpng"),
    ("MaskFormats", "PNG.swift", "public import HTTPServer"),
    ("HTTPServer", "Daemon.swift", "import Hausdorff"),
    ("HTTPServer", "Daemon.swift", "import struct MaskFormats.PNG"),
    ("HTTPServer", "Daemon.swift", "import CKernels"),
    ("hausdorffd", "Commands/ServeCommand.swift", "@preconcurrency import CMicrohttpd"),
    ("hausdorffd", "Program.swift", "import GRDB"), ("Training", "Job.swift", "import UNet"),
    ("UNet", "Network.swift", "import CDNNL"),
  ])
  func `An import that is not allowed is found`(_ part: String, _ file: String, _ text: String) {
    #expect(Self.objections(part, file, "import Glibc\n\(text)\n").count == 1)
  }

  @Test(arguments: [
    ("Hausdorff", "Kernels.swift", "import CKernels"), ("MaskFormats", "PNG.swift", "import CSpng"),
    ("HTTPServer", "Daemon.swift", "internal import CMicrohttpd"), ("UNet", "Tensor.swift", "import CDNNL"),
    ("hausdorffd", "Program.swift", "import HTTPServer"),
    ("Hausdorff", "Mask.swift", "// we import Foundation never"),
  ])
  func `An import that is allowed passes`(_ part: String, _ file: String, _ text: String) {
    #expect(Self.objections(part, file, text) == [])
  }
}
