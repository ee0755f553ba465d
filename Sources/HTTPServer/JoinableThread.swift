internal import Glibc

/// A thread that its owner waits for.
struct JoinableThread: @unchecked Sendable {
  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  private let thread: pthread_t

  /// Starts the thread. pthread_create
  init(_ run: @escaping @Sendable () -> Void) throws(ServerError) {
    let body = Unmanaged.passRetained(Body(run))  // taken over by the thread
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { context in
        Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().run()
        return nil
      }, body.toOpaque())
    guard status == 0 else {
      body.release()
      throw ServerError(function: "pthread_create", code: status)
    }
    self.thread = thread
  }

  /// Waits for the thread's end; once. pthread_join
  func join() { pthread_join(thread, nil) }
}
