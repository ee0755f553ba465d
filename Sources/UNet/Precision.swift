/// The type that a network computes in.
public enum Precision: String, CaseIterable, Sendable {
  /// bf16 where the processor has it (AVX-512 BF16), else f32.
  case auto
  case f32
  /// Activations, and weights as convolutions take them, in bfloat16. Sums, statistics, gradients of parameters and the
  /// parameters themselves stay float32.
  case bf16

  /// f32 or bf16: what `auto` means on this processor.
  ///
  /// - Throws: `UNetError.configuration` for `bf16` where the processor has none.
  public func resolved() throws(UNetError) -> Precision { try Engine.resolve(self) }
}
