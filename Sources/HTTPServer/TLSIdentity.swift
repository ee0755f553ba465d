internal import CMicrohttpd

/// The certificate that a server shows, with the certificates that vouch for it and its key.
public final class TLSIdentity: @unchecked Sendable {
  // Not changed once it is made; freed in deinit.
  let handle: UnsafeMutablePointer<tls_identity>

  /// When the certificate expires, in seconds since 1970.
  public var expiry: Int { Int(handle.pointee.expires) }

  /// Reads PEM: the server's certificate first, then those that vouch for it, at most 16; and a key without a password.
  ///
  /// - Throws: where they cannot be read, or the key is another's.
  public init(certificate: [UInt8], key: [UInt8]) throws(ServerError) {
    var status: Int32 = 0
    guard let handle = tls_identity_make(certificate, certificate.count, key, key.count, &status) else {
      throw ServerError(function: "GnuTLS: \(String(cString: gnutls_strerror(status)))", code: 0)
    }
    self.handle = handle
  }

  deinit { tls_identity_free(handle) }
}

/// What a server proves itself by; may be replaced while it runs.
public final class TLSCredentials: Sendable {
  private let current: Locked<TLSIdentity>

  /// Starts with one identity.
  public init(_ identity: TLSIdentity) { current = Locked(identity) }

  /// The identity that new connections are shown; those that are open keep theirs.
  public var identity: TLSIdentity {
    get { current.withLock { $0 } }
    set { current.withLock { $0 = newValue } }
  }
}

/// What GnuTLS asks for in each handshake.
///
/// C context: the session's pointer is libmicrohttpd's connection, whose socket context is ours, on its epoll thread. The
/// session keeps pointers into the identity, so the connection keeps that.
func showIdentity(
  _ session: gnutls_session_t?, _: UnsafePointer<gnutls_datum_t>?, _: Int32,
  _: UnsafePointer<gnutls_pk_algorithm_t>?, _: Int32,
  _ chain: UnsafeMutablePointer<UnsafeMutablePointer<gnutls_pcert_st>?>?,
  _ count: UnsafeMutablePointer<UInt32>?, _ key: UnsafeMutablePointer<gnutls_privkey_t?>?
) -> Int32 {
  guard let session, let handle = gnutls_session_get_ptr(session),
    let context = mhd_connection_context(OpaquePointer(handle))
  else { return -1 }
  let connection = Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
  guard let identity = connection.core.configuration.tls?.identity else { return -1 }
  connection.identity.withLock { $0 = identity }
  chain?.pointee = tls_identity_chain(identity.handle)
  count?.pointee = identity.handle.pointee.count
  key?.pointee = identity.handle.pointee.key
  return 0
}
