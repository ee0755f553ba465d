import Glibc

/// A thread that nobody waits for, for work that blocks.
public enum BackgroundThread {
  private final class Start {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Runs `body` on a thread of its own; where the system has none left, the process ends.
  public static func start(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let start = Unmanaged.passRetained(Start(body))
    let status = pthread_create(
      &thread, nil,
      { argument in
        Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue().body()
        return nil
      }, start.toOpaque())
    guard status == 0 else { fatalError("no thread can be made: \(String(cString: strerror(status)))") }
    pthread_detach(thread)
  }

  /// Stops the calling thread for so long.
  public static func sleep(seconds: Double) { usleep(UInt32(min(seconds, 4000) * 1e6)) }
}
