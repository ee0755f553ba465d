internal import CMicrohttpd
internal import Glibc
internal import Synchronization

/// The bytes between a stream's producer and the connection that they go to.
///
/// The connection's epoll thread attaches, reads and closes; the other calls come from any thread. Where there is nothing
/// to read the connection is suspended, and the call that changes this resumes it.
final class StreamBuffer: Sendable {
  private enum Reader {
    case none
    case connection(Connection, OpaquePointer)
    case gone
  }

  private struct State {
    var bytes: [UInt8] = []
    /// Where in `bytes` the unread ones begin.
    var start = 0
    /// Bytes that were read.
    var sent = 0
    var isFinished = false
    var reader = Reader.none
    /// The connection is suspended, and nobody is about to resume it.
    var isWaiting = false

    var count: Int { bytes.count - start }
  }

  private let state = Locked(State())
  private let capacity: Int

  init(capacity: Int) { self.capacity = capacity }

  var bufferedCount: Int { state.withLock { $0.count } }
  var sentCount: Int { state.withLock { $0.sent } }
  var isFinished: Bool { state.withLock { $0.isFinished } }

  var clientIsGone: Bool {
    state.withLock { state in
      switch state.reader {
      case .none: false
      // Open: its end waits for this lock, in `close`.
      case .connection(let connection, _): connection.peerHasClosed()
      case .gone: true
      }
    }
  }

  /// Appends everything or nothing.
  func append(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    change { state in
      if case .gone = state.reader { return false }
      guard !state.isFinished, bytes.count <= capacity - state.count else { return false }
      if state.start > state.count {
        // Moves fewer bytes than were read since the last time.
        state.bytes.removeFirst(state.start)
        state.start = 0
      }
      state.bytes.append(contentsOf: bytes)
      return true
    }
  }

  /// Ends the body behind what is there.
  func finish() {
    _ = change { state in
      state.isFinished = true
      return true
    }
  }

  /// Changes the state, and wakes the reader where it waits for a change.
  private func change(_ body: (inout State) -> Bool) -> Bool {
    var suspended: (connection: Connection, handle: OpaquePointer)?
    let isChanged = state.withLock { state in
      let isChanged = body(&state)
      if isChanged, state.isWaiting, case .connection(let connection, let handle) = state.reader {
        state.isWaiting = false
        connection.core.resuming.wrappingAdd(1, ordering: .relaxed)
        suspended = (connection, handle)
      }
      return isChanged
    }
    if let (connection, handle) = suspended {
      // As in `Exchange.answer`: until this call has marked it, the connection cannot end.
      MHD_resume_connection(handle)
      connection.core.resuming.wrappingSubtract(1, ordering: .releasing)
    }
    return isChanged
  }

  /// Gives the buffer its reader; false where it has or had one.
  func attach(_ connection: Connection, _ handle: OpaquePointer) -> Bool {
    state.withLock { state in
      guard case .none = state.reader else { return false }
      state.reader = .connection(connection, handle)
      return true
    }
  }

  /// Nobody reads from here on.
  func close() {
    state.withLock { state in
      state.reader = .gone
      state.isWaiting = false
      (state.bytes, state.start) = ([], 0)
    }
  }

  /// Hands out what is there, or suspends the connection: without that libmicrohttpd would ask again and again. Returns
  /// the number of bytes, or one of the library's codes for the end.
  func read(to target: UnsafeMutableRawPointer, _ limit: Int) -> Int {
    state.withLock { state in
      guard case .connection(let connection, let handle) = state.reader else { return mhd_end_with_error }
      let count = min(limit, state.count)
      if count == 0, !state.isFinished {
        guard connection.removeDeadline() else { return mhd_end_with_error }
        // First suspended, then marked: whoever sees the mark resumes.
        MHD_suspend_connection(handle)
        state.isWaiting = true
        return 0
      }
      let core = connection.core
      let reading = count * 1000 / core.configuration.minimumBodyRate
      guard connection.setDeadline(in: core.bodyMilliseconds + reading) else { return mhd_end_with_error }
      guard count > 0 else { return mhd_end_of_stream }
      state.bytes.withUnsafeBytes { _ = memcpy(target, $0.baseAddress! + state.start, count) }
      state.start += count
      state.sent += count
      if state.count == 0 {
        state.bytes.removeAll(keepingCapacity: state.start <= StreamBuffer.keptCapacity)
        state.start = 0
      }
      return count
    }
  }

  /// An empty buffer keeps so many bytes of memory at most.
  private static let keptCapacity = 16 << 10
}

extension ByteStream.ReadingEnd {
  /// Bytes of libmicrohttpd's own buffer, which it uses with HTTP/1.0 only.
  private static let blockSize = 4 << 10

  /// libmicrohttpd's response of unknown length. MHD_create_response_from_callback
  func makeHandle() throws(ServerError) -> OpaquePointer {
    // C context: this end is retained until the response is destroyed. Reads come from the connection's epoll thread.
    let context = Unmanaged.passRetained(self)
    let handle = MHD_create_response_from_callback(
      UInt64.max, Self.blockSize,
      { context, _, target, limit in
        Unmanaged<ByteStream.ReadingEnd>.fromOpaque(context!).takeUnretainedValue()
          .buffer.read(to: target!, limit)
      }, context.toOpaque(), { Unmanaged<ByteStream.ReadingEnd>.fromOpaque($0!).release() })
    if handle == nil { context.release() }
    return try ServerError.check("MHD_create_response_from_callback", handle)
  }
}
