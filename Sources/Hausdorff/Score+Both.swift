extension Score {
  /// Points of a grid from which on two threads are worth their while.
  private static let largePoints = 1 << 20

  /// What `make` makes of 0 and of 1, at a time where `perform` has a thread to spare and the grid is large.
  ///
  /// - Parameter points: of the grid that is worked on.
  public static func both<Value: Sendable>(
    points: Int, perform: Perform, _ make: @escaping @Sendable (Int) -> Value
  ) -> (Value, Value) {
    guard points >= largePoints else { return (make(0), make(1)) }
    let made = Made<Value>()
    perform(2) { number in made.values[number] = make(number) }
    return (made.values[0]!, made.values[1]!)
  }
}

/// Two values, each written by one thread, read when both are there.
private final class Made<Value: Sendable>: @unchecked Sendable {
  let values: UnsafeMutableBufferPointer<Value?>

  init() {
    values = .allocate(capacity: 2)
    values.initialize(repeating: nil)
  }

  deinit {
    values.deinitialize()
    values.deallocate()
  }
}
