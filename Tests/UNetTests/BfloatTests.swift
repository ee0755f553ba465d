import CKernels
import Testing

@testable import UNet

/// bfloat16 beside float32, where the processor has it.
///
/// A value of bfloat16 is off by up to 2^-9 of itself. Errors of a layer's inputs are independent, and a convolution's sums
/// leave their relative size as it is; normalisation does too. So a net of k layers is off by about √k · 2^-9 / √3 of its
/// typical value, k = 8 to 20 here: 0.3 to 0.5 %; the largest of some thousand such errors is 4 times that. Tolerances are
/// twice that: 4 % of the largest logit. A gradient passes twice as many layers, and a ReLU that is on in one and off in
/// the other takes whole pixels away: its direction is held to 14 degrees (a cosine of 0.97), where PyTorch's own bfloat16
/// is off by up to 11.5 degrees on the same nets.
@Suite(.enabled(if: ck_has_bfloat16())) struct BfloatTests {
  @Test(arguments: NetworkFixture.names)
  func `Logits and gradients of bfloat16 are near those of float32`(_ name: String) throws {
    let fixture = try NetworkFixture(name)
    let trainer = try fixture.trainer(.bf16)
    #expect(trainer.precision == .bf16)
    let (_, logits) = try trainer.gradient(images: fixture.images, labels: fixture.labels, loss: fixture.loss)
    #expect(difference(logits, fixture.logits) < 0.04)
    let gradients = trainer.parameters.trained(trainer.parameters.gradients)
    let (ours, theirs) = (gradients.flatMap { $0 }, fixture.gradients.flatMap { $0 })
    func product(_ a: [Float], _ b: [Float]) -> Double {
      zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let cosine = product(ours, theirs) / (product(ours, ours) * product(theirs, theirs)).squareRoot()
    #expect(cosine > 0.97, "\(cosine)")
    let ratio = (product(ours, ours) / product(theirs, theirs)).squareRoot()
    #expect(abs(ratio - 1) < 0.05, "\(ratio)")
  }

  @Test(arguments: NetworkFixture.names)
  func `Training in bfloat16 follows training in float32`(_ name: String) throws {
    let fixture = try NetworkFixture(name)
    let trainer = try fixture.trainer(.bf16)
    for (index, reference) in fixture.losses.enumerated() {
      let value = try trainer.step(
        images: fixture.images, labels: fixture.labels, loss: fixture.loss, rate: 1e-3)
      #expect(abs(value - Double(reference)) < 0.02 * Double(reference), "step \(index)")
    }
  }

  @Test func `Parameters stay float32`() throws {
    let fixture = try NetworkFixture("padded")
    let trainer = try fixture.trainer(.bf16)
    #expect(trainer.weights == fixture.weights)
    _ = try trainer.step(images: fixture.images, labels: fixture.labels, loss: fixture.loss, rate: 1e-7)
    let moved = zip(trainer.weights["head.weight"], fixture.weights["head.weight"])
    #expect(moved.contains { $0 != $1 }, "a step that bfloat16 could not hold")
  }
}
