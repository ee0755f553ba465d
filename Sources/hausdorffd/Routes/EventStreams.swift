import HTTPServer
import Training

/// `GET /v1/training-jobs/{id}/events`: server-sent events, all of them sent by one thread.
///
/// States, epochs and lines of the log have numbers, from which a client that was cut off goes on (`Last-Event-ID`); progress
/// has none, since only the latest matters.
final class EventStreams: Sendable {
  private struct Stream {
    let job: String
    let bytes: ByteStream
    /// The number of the last event that was sent.
    var last: Int
    var progress: String?
    /// In seconds, by `LeaseKeeper.now`.
    var lastSent: Double
    var isStale = true
  }

  /// Seconds between comments that keep proxies from closing a silent stream.
  static let keepAlive = 15.0

  private let context: JobContext
  /// How many may be open at once.
  private let limit: Int
  private let streams = Locked<[Stream]>([])
  private let bell = Bell()

  init(context: JobContext, limit: Int) {
    (self.context, self.limit) = (context, limit)
    BackgroundThread.start { [self] in send() }
  }

  var route: Route {
    Route(
      .get, "/v1/training-jobs/{id}/events", produces: ["text/event-stream"],
      admit: { [context] _ throws(Problem) in try context.pool.admit() },
      handle: { [self] request in context.answer { () throws(Problem) in try self.open(request) } })
  }

  private func open(_ request: Request) throws(Problem) -> Response {
    let job = try context.job(request)
    var last = 0
    if let text = request.head.header("Last-Event-ID") {
      guard let number = Int(text), number >= 0 else {
        throw Problem(
          status: 400, detail: "The Last-Event-ID is none of this stream.",
          errors: [.init(.parameter("Last-Event-ID"), "must be the id of an event of this stream")])
      }
      last = number
    }
    // There is nothing to come: browsers connect again and again but for this answer.
    if job.state.isFinal, last >= job.events { return Response(status: 204) }
    let headers: Headers = ["Cache-Control": "no-store"]
    guard request.head.method != .head else {
      return Response(contentType: "text/event-stream", headers: headers, content: .none)
    }
    let (bytes, content) = ByteStream.make()
    let isOpen = streams.withLock { streams in
      // Places of clients that have gone are noticed late where there is nothing to send.
      if streams.count >= limit { streams.removeAll { $0.bytes.clientIsGone } }
      guard streams.count < limit else { return false }
      streams.append(Stream(job: job.id, bytes: bytes, last: last, lastSent: LeaseKeeper.now))
      return true
    }
    guard isOpen else {
      Refusals.count(.full)
      throw Problem(
        status: 503, detail: "\(limit) event streams are open, which is as many as may be.",
        headers: ["Retry-After": "10"])
    }
    _ = bytes.append("retry: 2000\n\n")
    bell.ring()
    return Response(contentType: "text/event-stream", headers: headers, content: content)
  }

  private func send() {
    let observation = context.store.observe { [streams, bell] job in
      let isWanted = streams.withLock { streams in
        var isWanted = false
        for index in streams.indices where job == nil || streams[index].job == job {
          streams[index].isStale = true
          isWanted = true
        }
        return isWanted
      }
      if isWanted { bell.ring() }
    }
    defer { withExtendedLifetime(observation) {} }
    while true {
      bell.wait(seconds: 1)
      // Taken out while they are worked on: nobody else looks at them, but to add one or to say that one is stale.
      var open = streams.withLock { streams in
        defer { for index in streams.indices { streams[index].isStale = false } }
        return streams
      }
      var jobs: [String: Job?] = [:]
      var isAway = false
      for index in open.indices { update(&open[index], &jobs, &isAway) }
      let sent = open
      streams.withLock { streams in
        for stream in sent {
          guard let index = streams.firstIndex(where: { $0.bytes === stream.bytes }) else { continue }
          let isStale = streams[index].isStale || stream.isStale
          streams[index] = stream
          streams[index].isStale = isStale
        }
        streams.removeAll { $0.bytes.isFinished }
      }
    }
  }

  private func update(_ stream: inout Stream, _ jobs: inout [String: Job?], _ isAway: inout Bool) {
    // Its place, and its share of the client's limits, are wanted back soon.
    guard !stream.bytes.clientIsGone else { return stream.bytes.finish() }
    let now = LeaseKeeper.now
    if stream.isStale, !isAway {
      stream.isStale = false
      do throws(StoreError) { try sendNews(&stream, &jobs) } catch {
        // The store is away, for all of them; the clients wait, and another look follows.
        stream.isStale = true
        isAway = true
      }
    }
    guard now - stream.lastSent > Self.keepAlive else { return }
    if stream.bytes.append(": still here\n\n") { stream.lastSent = now }
  }

  private func sendNews(_ stream: inout Stream, _ jobs: inout [String: Job?]) throws(StoreError) {
    // The job is read first: an end that it tells is among the events that are read then.
    if jobs[stream.job] == nil { jobs[stream.job] = .some(try context.store.job(stream.job)) }
    guard let job = jobs[stream.job] ?? nil else { return stream.bytes.finish() }
    func append(_ text: String) -> Bool {
      guard stream.bytes.append(text) else { return false }
      stream.lastSent = LeaseKeeper.now
      return true
    }
    while stream.last < job.events {
      let events = try context.store.events(of: job.id, after: stream.last, limit: 200)
      if events.isEmpty { break }
      for event in events {
        let text = "id: \(event.number)\nevent: \(event.kind.rawValue)\ndata: \(event.json)\n\n"
        guard append(text) else {
          // The client is slow: the rest later.
          stream.isStale = true
          return
        }
        stream.last = event.number
      }
    }
    // Not behind events that are newer than the job as it was read.
    if let progress = job.progress, progress != stream.progress, job.state == .running,
      stream.last == job.events,
      append("event: progress\ndata: \(progress)\n\n")
    {
      stream.progress = progress
    }
    if job.state.isFinal { stream.bytes.finish() }
  }
}
