internal import CMicrohttpd

extension Response {
  /// Makes libmicrohttpd's form of the response; the caller destroys it. `hasBody` is false where the request or the
  /// status allows none to be sent.
  func makeHandle(
    id: String, closes: Bool, serverName: String?, hasBody: Bool
  ) throws(ServerError) -> OpaquePointer {
    let handle = try content.makeHandle()
    do throws(ServerError) {
      for field in headers { try Response.add(field.name, field.value, to: handle) }
      try Response.add("Request-Id", id, to: handle)
      if let serverName { try Response.add("Server", serverName, to: handle) }
      if closes { try Response.add("Connection", "close", to: handle) }
      // libmicrohttpd would send the last chunk of a body that it does not send.
      if !hasBody, case .stream = content {
        try ServerError.check("MHD_set_response_options", mhd_forbid_chunks(handle))
      }
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
  fileprivate func makeHandle() throws(ServerError) -> OpaquePointer {
    switch self {
    case .none: return try Self.made(Self.copying(UnsafeRawBufferPointer(start: nil, count: 0)))
    case .bytes(let bytes): return try Self.made(bytes.withUnsafeBytes(Self.copying))
    case .text(var text): return try Self.made(text.withUTF8 { Self.copying(UnsafeRawBufferPointer($0)) })
    case .constant(let text):
      // Static memory: libmicrohttpd only reads it.
      return try Self.made(
        MHD_create_response_from_buffer(
          text.utf8CodeUnitCount, UnsafeMutableRawPointer(mutating: text.utf8Start), .RESPMEM_PERSISTENT))
    case .body(let body):
      // C context: the body is retained until the response is destroyed, on whichever thread that happens.
      let context = Unmanaged.passRetained(body)
      let handle = MHD_create_response_from_buffer_with_free_callback_cls(
        body.count, UnsafeMutableRawPointer(mutating: body.address),
        { Unmanaged<Body>.fromOpaque($0!).release() }, context.toOpaque())
      if handle == nil { context.release() }
      return try Self.made(handle)
    case .file(let file, let range): return try file.makeHandle(range)
    case .stream(let end): return try end.makeHandle()
    }
  }

  private static func copying(_ bytes: UnsafeRawBufferPointer) -> OpaquePointer? {
    MHD_create_response_from_buffer(
      bytes.count, UnsafeMutableRawPointer(mutating: bytes.baseAddress), .RESPMEM_MUST_COPY)
  }

  private static func made(_ handle: OpaquePointer?) throws(ServerError) -> OpaquePointer {
    try ServerError.check("MHD_create_response_from_buffer", handle)
  }
}
