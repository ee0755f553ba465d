import HTTPServer

/// The disk that uploads may take together while they are received and taken over.
final class UploadRoom: Sendable {
  private final class Share: Admission {
    private let room: UploadRoom
    private let taken = Locked(0)

    init(_ room: UploadRoom) { self.room = room }

    deinit { room.used.withLock { $0 -= taken.withLock { $0 } } }

    func hasRoom(forBytes count: Int) -> Bool { room.used.withLock { $0 + count <= room.limit } }

    func reserve(bytes: Int) -> Bool {
      let isFree = room.used.withLock { used in
        guard used + bytes <= room.limit else { return false }
        used += bytes
        return true
      }
      if isFree { taken.withLock { $0 += bytes } }
      return isFree
    }

    func release(bytes: Int) {
      room.used.withLock { $0 -= bytes }
      taken.withLock { $0 -= bytes }
    }
  }

  private let limit: Int
  private let used = Locked(0)

  init(limit: Int) { self.limit = limit }

  func admission() -> any Admission { Share(self) }
}
