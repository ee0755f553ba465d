internal import Glibc

/// The first bytes of a file in memory, read-only, followed by zeroed padding.
final class FileMapping: Sendable {
  // Mapped before init only, unmapped in deinit only: reading it needs no lock.
  nonisolated(unsafe) let address: UnsafeMutableRawPointer
  let count: Int
  private let length: Int
  /// What the file takes on the disk.
  private let room: (any Admission)?

  /// Maps `count` bytes; the descriptor may be closed behind it. mmap
  init(_ descriptor: Int32, count: Int, room: (any Admission)?) throws(ServerError) {
    // The kernel zeroes the last page behind the file's end, but that end may be the page's. So the addresses come from
    // a mapping of zeros with the padding, and the file lies over its start.
    let length = count + Body.padding
    let zeros = mmap(nil, length, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let zeros, zeros != MAP_FAILED else { throw ServerError(function: "mmap", code: errno) }
    if count > 0, mmap(zeros, count, PROT_READ, MAP_SHARED | MAP_FIXED, descriptor, 0) != zeros {
      let error = ServerError(function: "mmap", code: errno)
      munmap(zeros, length)
      throw error
    }
    (address, self.count, self.length, self.room) = (zeros, count, length, room)
  }

  deinit { munmap(address, length) }
}
