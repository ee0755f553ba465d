import Dispatch
import Glibc
import TestSupport
import Testing

@testable import Training

/// The kinds of store that every test of the store runs on.
enum StoreKind: String, CaseIterable, Sendable {
  case sqlite, postgresql
}

/// A fresh store, which several `JobStore`s may open as several processes would.
final class TestStore {
  let kind: StoreKind
  private let folder: ScratchFolder
  /// A file, or a URL.
  private let place: String
  let store: JobStore

  init(_ kind: StoreKind) throws {
    self.kind = kind
    folder = try ScratchFolder()
    place =
      switch kind {
      case .sqlite: "\(folder.path)/store.sqlite"
      case .postgresql: TestPostgres.database()
      }
    store = try Self.open(kind, place)
  }

  /// Opens it once more.
  func reopened() throws -> JobStore { try Self.open(kind, place) }

  private static func open(_ kind: StoreKind, _ place: String) throws -> JobStore {
    switch kind {
    case .sqlite: try JobStore(path: place)
    case .postgresql: try JobStore(postgreSQL: place)
    }
  }

  /// Adds a data set that is ready.
  func addDataSet(name: String? = nil) throws -> String {
    let id = UUIDv7.next()
    #expect(try store.beginDataSet(id, name: name, bytes: 0, milliseconds: 60_000, limit: .max))
    #expect(try store.completeDataSet(id, bytes: 10, description: "{}", limit: .max))
    return id
  }

  /// Submits a job that is accepted.
  func submit(dataSet: String? = nil, initFrom: String? = nil) throws -> Job {
    let dataSet = try dataSet ?? addDataSet()
    let job = NewJob(name: nil, dataSet: dataSet, validationDataSet: nil, initFrom: initFrom, spec: "{}")
    guard case .accepted(let accepted) = try store.submit(job, queueLimit: .max) else {
      throw StoreError(.invalid, "not accepted")
    }
    return accepted
  }

  /// Claims a job, which must be there.
  func claim(_ owner: String = "owner", milliseconds: Int = 60_000) throws -> JobStore.Claim {
    try #require(try store.claim(owner: owner, milliseconds: milliseconds))
  }

  func job(_ id: String) throws -> Job { try #require(try store.job(id)) }

  func states(of id: String) throws -> [String] {
    try store.events(of: id, kind: .state, limit: 1000).map(\.data)
  }
}

/// Waits until something becomes true; false after five minutes.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
  for _ in 0..<30_000 {
    if try condition() { return true }
    usleep(10_000)
  }
  return false
}
