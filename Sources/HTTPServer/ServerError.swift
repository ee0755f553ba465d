internal import CMicrohttpd
internal import Glibc

/// A failed system or library call of the server.
public struct ServerError: Error, Sendable, CustomStringConvertible {
  /// The C function that failed.
  public let function: String
  /// Its errno; 0 where it gives none.
  public let code: Int32

  /// The call and its error in words.
  public var description: String {
    code == 0 ? "\(function) failed" : "\(function): \(String(cString: strerror(code)))"
  }

  /// Throws unless a system call returned something else than -1.
  @discardableResult
  static func check(_ function: String, _ result: Int32) throws(ServerError) -> Int32 {
    guard result != -1 else { throw ServerError(function: function, code: errno) }
    return result
  }

  /// Throws unless a call of libmicrohttpd said yes.
  static func check(_ function: String, _ result: MHD_Result) throws(ServerError) {
    guard result == .YES else { throw ServerError(function: function, code: 0) }
  }

  /// Throws unless there is a handle.
  static func check<Handle>(_ function: String, _ handle: Handle?) throws(ServerError) -> Handle {
    guard let handle else { throw ServerError(function: function, code: errno) }
    return handle
  }
}
