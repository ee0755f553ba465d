import Hausdorff
import Testing

@testable import UNet

struct TrainingLossTests {
  private static let losses = [
    TrainingLoss(.dice, weight: .fixed(2)),
    TrainingLoss(.boundary, weight: .ramp(from: 0.1, to: 0.5, epochs: 4)),
    TrainingLoss(.hausdorffDistanceTransform(), weight: .balanced),
  ]

  @Test func `Weights are those of the epoch`() {
    func weights(_ epoch: Int, _ balance: [Double]?) -> [Double] {
      Self.losses.function(epoch: epoch, balance: balance, classes: 1).terms.map(\.weight)
    }
    #expect(weights(0, nil) == [2, 0.1, 0])
    #expect(weights(1, [0, 0, 7]) == [2, 0.2, 7])
    #expect(weights(4, [0, 0, 7]) == [2, 0.5, 7])
    #expect(weights(90, [0, 0, 7]) == [2, 0.5, 7])
  }

  @Test func `A balanced term's weight makes its mean that of dice_loss`() {
    #expect(Self.losses.balance(means: [0.5, 3, 20]) == [0, 0, 0.025])
    #expect(Self.losses.balance(means: [0.5, 3, 0]) == [0, 0, 0], "there is nothing to balance")
  }

  @Test func `Logits become probabilities by the number of classes`() {
    #expect(Self.losses.function(epoch: 0, balance: nil, classes: 1).activation == .sigmoid)
    #expect(Self.losses.function(epoch: 0, balance: nil, classes: 3).activation == .softmax)
  }

  @Test func `What cannot be trained on is refused`() {
    func words(_ losses: [TrainingLoss]) -> String {
      #expect(throws: UNetError.self) { try losses.validate() }?.detail ?? ""
    }
    #expect(words([]) == "there is no loss")
    #expect(words([TrainingLoss(.dice), TrainingLoss(.dice)]).contains("dice_loss is given twice"))
    #expect(words([TrainingLoss(.dice, weight: .fixed(0))]).contains("all 0"))
    #expect(words([TrainingLoss(.crossEntropy, weight: .balanced)]).contains("needs dice_loss"))
    #expect(words([TrainingLoss(.dice), TrainingLoss(.boundary, weight: .balanced)]).contains("negative"))
    #expect(words([TrainingLoss(.dice, weight: .ramp(from: 0, to: 0, epochs: 3))]).contains("all 0"))
    #expect(words([TrainingLoss(.score(.averageHausdorff))]).contains("no gradient"))
  }
}
