/// The right to answer one suspended request, from any thread.
public final class Responder: Sendable {
  private let exchange: Exchange

  init(_ exchange: Exchange) { self.exchange = exchange }

  /// A responder that is dropped without an answer answers 500, so that no client waits for ever.
  deinit {
    exchange.answer(Response(Problem(status: 500, detail: "The request was dropped.")))
  }

  /// Answers. The first answer counts; `false` says that there was one already, or that the server has given up on
  /// the request while stopping.
  @discardableResult
  public func respond(_ response: Response) -> Bool { exchange.answer(response) }

  /// Answers with a problem.
  @discardableResult
  public func respond(_ problem: Problem) -> Bool { exchange.answer(Response(problem)) }

  /// Whether nobody would read the answer: the client has closed its side or the request is answered. One system
  /// call; ask before starting long work.
  public var clientIsGone: Bool { exchange.clientIsGone }
}
