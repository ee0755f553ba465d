import CKernels

/// The kernels' variant for this processor.
public enum Kernels {
  static let variant = ck_best_variant()

  /// Name of the instruction set in use: `avx512`, `avx2` or `portable`.
  public static var name: String {
    switch variant {
    case ck_avx512: "avx512"
    case ck_avx2: "avx2"
    default: "portable"
    }
  }
}
