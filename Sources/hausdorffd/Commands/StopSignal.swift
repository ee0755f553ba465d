import Glibc

/// Whether somebody asked this process to stop, by SIGINT or SIGTERM; the second time it ends at once.
enum StopSignal {
  private nonisolated(unsafe) static var isAsked: sig_atomic_t = 0

  /// From here on those signals are taken down.
  static func watch() {
    for signal in [SIGINT, SIGTERM] {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { _ in StopSignal.isAsked = 1 }
      action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | SA_RESTART
      sigaction(signal, &action, nil)
    }
  }

  static var wasAsked: Bool { isAsked != 0 }
}
