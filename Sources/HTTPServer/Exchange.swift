internal import CMicrohttpd
internal import Glibc
internal import Synchronization

/// One request and its answer.
///
/// C context: held by its connection and known to `con_cls` from the request line (URI_LOG_CALLBACK) to NOTIFY_COMPLETED,
/// both on the connection's epoll thread, which alone touches the stored properties. Other threads come in by `answer` and
/// `clientIsGone` only; those go through the connection's lock.
final class Exchange: @unchecked Sendable {
  private enum Stage {
    case head, body, suspended, answered
  }

  let connection: Connection
  private let handle: OpaquePointer  // MHD_Connection, valid until completion
  private var stage = Stage.head
  private var head: RequestHead
  private var route: Route?
  private var mediaType, answerType: String?
  private var parameters = PathParameters(names: [], values: [])
  private var caller: (any Caller)?
  private var admission: (any Admission)?
  private var collector: (any Collector)?
  /// An answer that was decided before the body was read; the body is dropped.
  private var decided: Response?
  private var dropped = 0
  private var receivedBytes = 0
  // What was answered.
  private var status: Int?
  private var sentBytes = 0
  private var startedAt = ContinuousClock.now
  /// The stream that is the answer's body.
  private var stream: StreamBuffer?

  private var core: ServerCore { connection.core }

  init(_ handle: OpaquePointer, _ connection: Connection, target: UnsafeRawBufferPointer) {
    self.handle = handle
    self.connection = connection
    head = RequestHead(target: target, peer: connection.peer)
  }

  /// Takes a call of libmicrohttpd's access handler, but the first.
  func receive(_ data: UnsafePointer<CChar>?, _ size: UnsafeMutablePointer<Int>) -> MHD_Result {
    guard size.pointee > 0 else { return finish() }
    let bytes = UnsafeRawBufferPointer(start: data, count: size.pointee)
    size.pointee = 0
    return receiveBody(bytes)
  }

  var isAtHead: Bool { stage == .head }

  // MARK: Head

  /// The first call: checks the head, finds the route and asks for admission.
  func receiveHead(
    _ url: UnsafePointer<CChar>, _ method: UnsafePointer<CChar>, _ version: UnsafePointer<CChar>
  ) -> MHD_Result {
    core.activeRequests.wrappingAdd(1, ordering: .relaxed)
    core.boundedRequests.wrappingAdd(1, ordering: .relaxed)
    stage = .body
    startedAt = .now
    guard connection.removeDeadline() else { return .NO }
    do throws(Problem) {
      try readHead(url, method, version)
      try findRoute()
    } catch {
      decided = Response(error)
    }
    if head.id.isEmpty { head.id = RequestID.next() }
    let form = core.router.problemForm(for: head)
    connection.asked.withLock { $0 = .init(id: head.id, origin: head.origin, problemForm: form) }
    let length = head.contentLength
    if let decided {
      let isSmall = length ?? 0 <= core.configuration.drainLimit
      if decided.closesConnection || !isSmall || head.expectsContinue && length != 0 {
        return refuse(decided)
      }
    }
    if length == 0 { return .YES }
    return connection.setDeadline(in: core.bodyMilliseconds, readingBody: true) ? .YES : .NO
  }

  private func readHead(
    _ url: UnsafePointer<CChar>, _ method: UnsafePointer<CChar>, _ version: UnsafePointer<CChar>
  ) throws(Problem) {
    let size = mhd_connection_head_size(handle)
    let end = method + size
    let lines = version + 10  // "HTTP/1.1" and its line's end
    // Request line and headers lie in one piece of memory, unless the line has surplus spaces or a NUL.
    let limit = core.configuration.headLimit
    guard size <= limit else {
      throw Problem(status: 431, detail: "The request line and headers may have \(limit) bytes.", close: true)
    }
    guard method + strlen(method) + 1 == url, url + head.bytes.count + 1 == version, lines < end else {
      throw .malformed("The request line has a character that is not allowed.")
    }
    // Behind a bare LF the first header's name would be read from its second character.
    guard version[8] == 0, version[9] == 0 else { throw .malformed("A line does not end in CR LF.") }
    try head.read(
      method: Method(method), version: version[7] == CChar(UInt8(ascii: "0")) ? .http10 : .http11,
      lines: UnsafeRawBufferPointer(start: lines, count: end - lines))
  }

  private func findRoute() throws(Problem) {
    let match: Router.Match
    do throws(Problem) { match = try core.router.match(head) } catch {
      try identify(nil)
      throw error
    }
    switch match {
    case .answer(let response):
      try identify(nil)
      decided = preflight(response) ?? response
    case .route(let route, let mediaType, let answerType, let parameters):
      let limit = route.consumed.isEmpty ? core.configuration.drainLimit : bodyLimit(route)
      let length = head.contentLength
      self.route = route
      try identify(route)
      if let length, length > limit { throw .tooLong(limit) }
      admission = try route.admit(head)
      if let spool = route.spool {
        if length != 0 { collector = try SpoolCollector(spool, length: length, limit: limit) }
      } else if let length, length > 0, admission?.hasRoom(forBytes: length) == false {
        throw .overloaded("There is no room for the body now.")
      }
      (self.mediaType, self.answerType) = (mediaType, answerType)
      self.parameters = parameters
    }
  }

  private func identify(_ route: Route?) throws(Problem) {
    let (caller, refusal) = core.hooks.identify(head, route)
    self.caller = caller
    if let refusal { throw refusal }
  }

  private func preflight(_ response: Response) -> Response? {
    guard head.origin != nil, let methods = response.headers["Allow"] else { return nil }
    return core.configuration.cors?.preflight(head, methods: methods)
  }

  private func bodyLimit(_ route: Route) -> Int { route.maximumBody ?? core.configuration.bodyLimit }

  /// Answers in the first call. libmicrohttpd closes the connection behind it; what the client still sends is
  /// dropped meanwhile.
  private func refuse(_ response: Response) -> MHD_Result {
    core.sweeper.linger(connection.socket)
    return queue(response)
  }

  // MARK: Body

  private func receiveBody(_ bytes: UnsafeRawBufferPointer) -> MHD_Result {
    receivedBytes += bytes.count
    let milliseconds = bytes.count * 1000 / core.configuration.minimumBodyRate
    guard connection.extendDeadline(by: milliseconds, limit: core.bodyMilliseconds) else { return endOfCut() }
    if decided == nil, let route, !route.consumed.isEmpty {
      do throws(Problem) {
        try collect(bytes, limit: bodyLimit(route))
        return .YES
      } catch {
        decided = Response(error)
        collector = nil
      }
    }
    dropped += bytes.count
    let limit = core.configuration.drainLimit
    guard dropped > limit else { return .YES }
    // Too much to drop. No answer can be queued in the middle of a body, so it goes to the socket directly.
    let refusal = decided.flatMap { $0.status >= 400 ? $0 : nil } ?? Response(Problem.tooLong(limit))
    core.sweeper.linger(connection.socket)
    let words = LastWords(connection.told(refusal), id: head.id)
    if core.configuration.tls == nil { words.send(to: connection.socket) } else { words.sendTLS(on: handle) }
    status = refusal.status
    return .NO
  }

  /// Closes a connection that the sweeper has cut, once it has said why: libmicrohttpd shuts the socket down first thing.
  private func endOfCut() -> MHD_Result {
    core.sweeper.waitForSweep()
    return .NO
  }

  private func collect(_ bytes: UnsafeRawBufferPointer, limit: Int) throws(Problem) {
    let collector = collector ?? BodyCollector(length: head.contentLength, limit: limit)
    self.collector = collector
    try collector.append(bytes, admission)
  }

  // MARK: Answer

  /// The call behind the body, and again when the connection was resumed.
  private func finish() -> MHD_Result {
    if stage == .suspended { return resumeWithAnswer() }
    guard stage == .body else { return .NO }
    guard connection.removeDeadline() else { return endOfCut() }
    if let decided { return queue(decided) }
    guard let route else { return .NO }
    do throws(Problem) {
      let body = try collector?.finish() ?? Body.empty
      collector = nil
      let request = Request(
        head: head, mediaType: mediaType, answerType: answerType, body: body, pathParameters: parameters,
        caller: caller, admission: admission)
      switch try route.handle(request) {
      case .now(let response): return queue(response)
      case .later(let start): return suspend(start)
      }
    } catch {
      return queue(Response(error))
    }
  }

  private func suspend(_ start: @Sendable (Responder) -> Void) -> MHD_Result {
    let isSuspended = connection.suspended.withLock { suspended in
      // Read under the lock: whoever set it looks for suspended exchanges under the same lock afterwards.
      guard !core.isStopping.load(ordering: .acquiring) else { return false }
      MHD_suspend_connection(handle)
      suspended.exchange = self
      return true
    }
    guard isSuspended else { return queue(Response(Exchange.stopping)) }
    stage = .suspended
    start(Responder(self))
    return .YES
  }

  private func resumeWithAnswer() -> MHD_Result {
    let answer = connection.suspended.withLock { suspended in
      let answer = suspended.answer.take()
      // Without an answer the call would be repeated without end.
      if answer == nil { MHD_suspend_connection(handle) }
      return answer
    }
    return answer.map(queue) ?? .YES
  }

  private static let stopping = Problem.overloaded("The server is stopping.")

  /// Stores the answer and resumes, from any thread; `false` where there was an answer already.
  @discardableResult
  func answer(_ response: @autoclosure () -> Response) -> Bool {
    let isFirst = connection.suspended.withLock { suspended in
      guard suspended.exchange === self else { return false }
      suspended.exchange = nil
      suspended.answer = response()
      core.resuming.wrappingAdd(1, ordering: .relaxed)
      return true
    }
    guard isFirst else { return false }
    // From here on the epoll thread may complete the exchange; `handle` lives until this call has marked it.
    MHD_resume_connection(handle)
    core.resuming.wrappingSubtract(1, ordering: .releasing)
    return true
  }

  /// Answers 503 in the worker's place.
  func abandon() { answer(Response(Exchange.stopping)) }

  var clientIsGone: Bool {
    connection.suspended.withLock { suspended in
      // The socket of a suspended connection stays open.
      suspended.exchange !== self || connection.peerHasClosed()
    }
  }

  private func queue(_ response: Response) -> MHD_Result {
    stage = .answered
    do throws(ServerError) {
      return try send(response)
    } catch {
      core.hooks.complain("\(head.id): \(error)")
      return (try? send(Response(Problem(error)))) ?? .NO
    }
  }

  /// Throws where there is no response to send, and has begun nothing then.
  private func send(_ response: Response) throws(ServerError) -> MHD_Result {
    let closes = response.closesConnection || core.isDraining.load(ordering: .relaxed)
    let told = connection.told(response)
    let hasBody = head.method != .head && response.status != 204 && response.status != 304
    let made = try told.makeHandle(
      id: head.id, closes: closes, serverName: core.configuration.serverName, hasBody: hasBody)
    defer { MHD_destroy_response(made) }
    if case .stream(let end) = response.content { try begin(end.buffer) }
    // The client has as long to read an answer as it would have to send it.
    let reading = hasBody ? response.content.count * 1000 / core.configuration.minimumBodyRate : 0
    guard connection.setDeadline(in: core.bodyMilliseconds + reading) else { return .NO }
    (status, sentBytes) = (told.status, hasBody ? told.content.count : 0)
    return MHD_queue_response(handle, UInt32(response.status), made)
  }

  /// The answer is a stream, which lasts as long as it likes, until the server ends it.
  private func begin(_ stream: StreamBuffer) throws(ServerError) {
    guard stream.attach(connection, handle) else {
      throw ServerError(function: "sending a stream a second time", code: 0)
    }
    self.stream = stream
    connection.setUserTimeout(core.bodyMilliseconds)
    let isEnding = connection.stream.withLock { current in
      current = stream
      // Read under the lock: whoever set it looks for streams under the same lock afterwards.
      return core.isEndingStreams.load(ordering: .acquiring)
    }
    if isEnding { stream.finish() }
    core.boundedRequests.wrappingSubtract(1, ordering: .releasing)
  }

  private func end(_ stream: StreamBuffer) {
    connection.stream.withLock { $0 = nil }
    // From here on its holder does not look at the socket any more.
    stream.close()
    connection.setUserTimeout(0)
  }

  /// NOTIFY_COMPLETED: gives everything back.
  func complete() {
    guard stage != .head else { return }
    collector = nil
    admission = nil
    if let stream {
      sentBytes = stream.sentCount
      end(stream)
    } else {
      core.boundedRequests.wrappingSubtract(1, ordering: .releasing)
    }
    _ = connection.setDeadline(in: core.idleMilliseconds + core.headMilliseconds)
    core.hooks.observe?(
      RequestRecord(
        head: head, route: route, caller: caller, status: status ?? connection.lastStatus,
        receivedBytes: receivedBytes, sentBytes: sentBytes, duration: .now - startedAt))
    caller = nil
    core.activeRequests.wrappingSubtract(1, ordering: .releasing)
  }
}
