import Testing

@testable import Hausdorff

@Suite struct MetricTests {
  @Test(arguments: [
    "average_hausdorff", "hausdorff", "hausdorff_95", "hausdorff_97.5", "hausdorff_100", "hausdorff_0",
    "hausdorff_95_pred_to_true", "average_hausdorff_true_to_pred", "dice", "iou",
  ])
  func `names of the API are read and kept`(name: String) throws {
    #expect(try #require(Metric(name: name)).name == name)
  }

  @Test(arguments: [
    "", "hausdorff_", "hausdorff_101", "hausdorff_-1", "hausdorff_+5", "hausdorff_nan", "hausdorff_1e1",
    "hausdorff_0x5", "hausdorff_ 95", "hausdorff_95 ", "Hausdorff", "dice_pred_to_true", "hd95",
    "hausdorff_9..5", "_pred_to_true", "hausdorff_95_pred_to_true_pred_to_true",
  ])
  func `other names are not metrics`(name: String) {
    #expect(Metric(name: name) == nil)
  }
}
