import FuzzInput
import Glibc
import Training

@main struct FuzzArchive {
  /// In memory where that can be; the files in it have no names, so none are left behind.
  static let folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"

  static func main() {
    run { start, count in
      var bytes = Array(UnsafeBufferPointer(start: start, count: count))
      importing(bytes)
      // The checksums of headers would stop nearly every mutation of a tar archive.
      if repairChecksums(&bytes) { importing(bytes) }
      return 0
    }
  }
}

private func importing(_ bytes: [UInt8]) {
  let limits = ImportLimits(maximumBytes: 1 << 24, maximumFileBytes: 1 << 22, maximumFiles: 1 << 10)
  do throws(DataSetError) {
    let set = try DataSet.importing(
      archive: FuzzInput(bytes), name: "archive", scratch: FuzzArchive.folder, limits: limits)
    try set.verify()
    for index in 0..<set.count {
      let (height, width) = set.size(of: index)
      precondition(set.image(index).count == set.channels * height * width)
      precondition(set.labels(index).count == height * width)
    }
  } catch {
    precondition(error.detail.hasPrefix("archive: ") && error.detail.utf8.count < 2000)
    precondition(error.kind != .unavailable, "\(error)")
    precondition(error.detail.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
  }
}

/// Writes the right checksum into every block that a tar header may be; whether there is any.
private func repairChecksums(_ bytes: inout [UInt8]) -> Bool {
  var hasHeader = false
  for start in stride(from: 0, to: bytes.count - 511, by: 512)
  where bytes[start + 257..<start + 262].elementsEqual("ustar".utf8) {
    for at in start + 148..<start + 156 { bytes[at] = UInt8(ascii: " ") }
    var sum = bytes[start..<start + 512].reduce(0) { $0 + Int($1) }
    for at in (start + 148..<start + 154).reversed() {
      bytes[at] = UInt8(ascii: "0") + UInt8(sum & 7)
      sum >>= 3
    }
    bytes[start + 154] = 0
    hasHeader = true
  }
  return hasHeader
}
