import Hausdorff
import Testing

@testable import UNet

struct ValidationTests {
  /// Adds a picture of 4×6 pixels, whose logits are 5 for the pixels given and -5 elsewhere.
  private static func add(_ predicted: Set<Int>, _ truth: Set<Int>, to validation: inout Validation) throws {
    let logits = (0..<24).map { predicted.contains($0) ? Float(5) : -5 }
    let labels = (0..<24).map { truth.contains($0) ? UInt8(1) : 0 }
    try logits.withUnsafeBufferPointer { logits in
      try labels.withUnsafeBufferPointer { labels in
        try validation.add(logits: logits, labels: labels, height: 4, width: 6)
      }
    }
  }

  private static var validation: Validation {
    Validation(loss: [TrainingLoss(.dice)].function(epoch: 0, balance: nil, classes: 1), classes: 1)
  }

  @Test func `Figures are means over images`() throws {
    var validation = Self.validation
    try Self.add([0, 1], [0, 1], to: &validation)
    try Self.add([0, 3], [0], to: &validation)
    let record = validation.record
    #expect(abs(record.dice - (1 + 2.0 / 3) / 2) < 1e-12)
    // Pixel 3 lies 3 from pixel 0: 1/2 (3/2 + 0).
    #expect(abs(record.averageHausdorff - 0.75 / 2) < 1e-12)
    #expect(record.hausdorff == 1.5 && record.misses == 0)
    #expect(record.loss > 0 && record.loss < 1)
  }

  @Test func `An object that is missed, or found where there is none, counts the diagonal`() throws {
    var validation = Self.validation
    try Self.add([], [0, 1], to: &validation)
    try Self.add([5], [], to: &validation)
    try Self.add([], [], to: &validation)
    let record = validation.record
    let diagonal = Double(3 * 3 + 5 * 5).squareRoot()
    #expect(record.misses == 2)
    #expect(abs(record.averageHausdorff - 2 * diagonal / 3) < 1e-12)
    #expect(abs(record.hausdorff95 - 2 * diagonal / 3) < 1e-12)
    #expect(abs(record.dice - 1.0 / 3) < 1e-12)
  }

  @Test
  func `With several classes each pixel has the most probable, and each class but the background counts`()
    throws
  {
    var labels = [UInt8](repeating: 9, count: 3)
    let logits: [Float] = [3, 0, 1, 1, 2, 1, 0, 1, 4]
    logits.withUnsafeBufferPointer { logits in
      labels.withUnsafeMutableBufferPointer { Validation.classify(logits, classes: 3, into: $0) }
    }
    #expect(labels == [0, 1, 2])
    var validation = Validation(
      loss: [TrainingLoss(.dice)].function(epoch: 0, balance: nil, classes: 3), classes: 3)
    try logits.withUnsafeBufferPointer { logits in
      try [UInt8(0), 1, 1].withUnsafeBufferPointer {
        try validation.add(logits: logits, labels: $0, height: 1, width: 3)
      }
    }
    // Of class 1 one of two is found; class 2 is found where there is none.
    #expect(abs(validation.record.dice - (2.0 / 3 + 0) / 2) < 1e-12)
    #expect(validation.record.misses == 1)
  }
}
