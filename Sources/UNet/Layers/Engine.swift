import CDNNL
import CKernels
import Glibc

/// oneDNN on the CPU, and the threads that its primitives and our kernels share.
///
/// Everything made of an engine is used by one thread at a time: OpenMP keeps a team of threads for each thread that
/// starts one.
final class Engine {
  let handle: dnnl_engine_t
  let stream: dnnl_stream_t
  let threads: Int
  let variant = ck_best_variant()
  /// How long primitives have convolved.
  var convolutionSeconds = 0.0

  init(threads: Int) throws(UNetError) {
    precondition(threads > 0)
    self.threads = threads
    var engine: dnnl_engine_t?
    try Engine.check(dnnl_engine_create(&engine, dnnl_cpu, 0), "dnnl_engine_create")
    handle = engine!
    var stream: dnnl_stream_t?
    let status = dnnl_stream_create(&stream, handle, UInt32(dnnl_stream_default_flags.rawValue))
    guard status == dnnl_success else {
      dnnl_engine_destroy(handle)
      throw Engine.failure(status, "dnnl_stream_create")
    }
    self.stream = stream!
  }

  deinit {
    dnnl_stream_destroy(stream)
    dnnl_engine_destroy(handle)
  }

  /// f32 or bf16.
  static func resolve(_ precision: Precision) throws(UNetError) -> Precision {
    switch precision {
    case .auto: return ck_has_bfloat16() ? .bf16 : .f32
    case .f32: return .f32
    case .bf16:
      guard ck_has_bfloat16() else {
        throw UNetError(
          .configuration,
          "precision bf16 needs a processor with AVX-512 BF16, which this one is not; auto takes what there is"
        )
      }
      return .bf16
    }
  }

  /// Throws what a status other than success means.
  static func check(_ status: dnnl_status_t, _ call: StaticString) throws(UNetError) {
    guard status == dnnl_success else { throw failure(status, call) }
  }

  private static func failure(_ status: dnnl_status_t, _ call: StaticString) -> UNetError {
    if status == dnnl_out_of_memory { return UNetError(.system, "out of memory in oneDNN's \(call)") }
    return UNetError(.oneDNN, "\(call): \(String(cString: dnnl_status2str(status)))")
  }

  /// Makes the calling thread's team, which oneDNN plans for and works on, one of `threads`.
  func enter() { omp_set_num_threads(Int32(threads)) }

  /// Calls `each` with 0..<count, each thread of the team with neighbouring ones, and returns behind the last.
  func perform(_ count: Int, _ each: (Int) -> Void) {
    guard count > 1, threads > 1 else {
      for index in 0..<count { each(index) }
      return
    }
    struct Work {
      let count: Int
      let each: (Int) -> Void
    }
    withoutActuallyEscaping(each) { each in
      var work = Work(count: count, each: each)
      withUnsafeMutablePointer(to: &work) { work in
        GOMP_parallel(
          { context in
            let work = context!.assumingMemoryBound(to: Work.self)
            let (thread, threads) = (Int(omp_get_thread_num()), Int(omp_get_num_threads()))
            let count = work.pointee.count
            for index in count * thread / threads..<count * (thread + 1) / threads {
              work.pointee.each(index)
            }
          }, work, UInt32(threads), 0)
      }
    }
  }
}

/// Seconds since some moment.
func monotonicSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}
