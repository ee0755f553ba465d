import Dispatch

/// Hears what transactions announce, on a connection and a thread of its own, while somebody wants to know.
final class PostgresListener: Sendable {
  final class Observation: Sendable {
    let onChange: @Sendable (String?) -> Void
    init(_ onChange: @escaping @Sendable (String?) -> Void) { self.onChange = onChange }
  }

  private struct Reference { weak var observation: Observation? }

  private let address: String
  private let queue = DispatchQueue(label: "hausdorffd.postgres-listener")
  // Touched on the queue only.
  private nonisolated(unsafe) var references: [Reference] = []
  private nonisolated(unsafe) var isListening = false

  init(address: String) { self.address = address }

  func observe(_ onChange: @escaping @Sendable (String?) -> Void) -> Observation {
    let observation = Observation(onChange)
    let mustStart = queue.sync {
      references.append(Reference(observation: observation))
      defer { isListening = true }
      return !isListening
    }
    if mustStart {
      BackgroundThread.start { [weak self, address] in
        var connection: PostgresConnection?
        while let observers = self?.observers {
          do throws(PostgresConnection.Failure) {
            if let connection {
              for job in try connection.notifications(within: 500) {
                for each in observers { each.onChange(job) }
              }
            } else {
              let fresh = try PostgresConnection(address)
              _ = try fresh.run("LISTEN \(PostgresDatabase.channel)")
              connection = fresh
              // Changes may have been missed.
              for each in observers { each.onChange(nil) }
            }
          } catch {
            connection = nil
            BackgroundThread.sleep(seconds: 1)
          }
        }
      }
    }
    return observation
  }

  /// Those who want to know; nil where there is nobody any more.
  private var observers: [Observation]? {
    queue.sync {
      references.removeAll { $0.observation == nil }
      isListening = !references.isEmpty
      return isListening ? references.compactMap(\.observation) : nil
    }
  }
}
