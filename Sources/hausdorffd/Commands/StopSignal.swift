import Glibc
import Synchronization

/// What asked this process to stop, SIGINT or SIGTERM.
enum StopSignal {
  private static let signal = Atomic<Int32>(0)

  /// From here on those signals are noted.
  ///
  /// - Parameter isPatient: whether the same signal a second time does not end the process at once.
  static func watch(isPatient: Bool = false) {
    for signal in [SIGINT, SIGTERM] {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { StopSignal.signal.store($0, ordering: .relaxed) }
      action.sa_flags = (isPatient ? 0 : Int32(bitPattern: UInt32(SA_RESETHAND))) | SA_RESTART
      sigaction(signal, &action, nil)
    }
  }

  /// The signal; 0 where there was none.
  static var asked: Int32 { signal.load(ordering: .relaxed) }
}
