internal import CMicrohttpd

extension Response {
  /// Makes libmicrohttpd's form of the response; the caller destroys it. MHD_create_response_from_buffer
  func makeHandle(id: String, closes: Bool, serverName: String?) throws(ServerError) -> OpaquePointer {
    let handle = try ServerError.check("MHD_create_response_from_buffer", content.makeHandle())
    do throws(ServerError) {
      for field in headers { try Response.add(field.name, field.value, to: handle) }
      try Response.add("Request-Id", id, to: handle)
      if let serverName { try Response.add("Server", serverName, to: handle) }
      if closes { try Response.add("Connection", "close", to: handle) }
    } catch {
      MHD_destroy_response(handle)
      throw error
    }
    return handle
  }

  private static func add(_ name: String, _ value: String, to handle: OpaquePointer) throws(ServerError) {
    try ServerError.check("MHD_add_response_header", MHD_add_response_header(handle, name, value))
  }
}

extension Response.Content {
  fileprivate func makeHandle() -> OpaquePointer? {
    switch self {
    case .none: Self.copying(UnsafeRawBufferPointer(start: nil, count: 0))
    case .bytes(let bytes): bytes.withUnsafeBytes(Self.copying)
    case .text(var text): text.withUTF8 { Self.copying(UnsafeRawBufferPointer($0)) }
    case .constant(let text):
      // Static memory: libmicrohttpd only reads it.
      MHD_create_response_from_buffer(
        text.utf8CodeUnitCount, UnsafeMutableRawPointer(mutating: text.utf8Start), .RESPMEM_PERSISTENT)
    case .body(let body):
      // C context: the body is retained until the response is destroyed, on whichever thread that happens.
      MHD_create_response_from_buffer_with_free_callback_cls(
        body.count, UnsafeMutableRawPointer(mutating: body.address),
        { Unmanaged<Body>.fromOpaque($0!).release() }, Unmanaged.passRetained(body).toOpaque())
    }
  }

  private static func copying(_ bytes: UnsafeRawBufferPointer) -> OpaquePointer? {
    MHD_create_response_from_buffer(
      bytes.count, UnsafeMutableRawPointer(mutating: bytes.baseAddress), .RESPMEM_MUST_COPY)
  }
}
