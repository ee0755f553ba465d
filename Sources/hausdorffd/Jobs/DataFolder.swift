import Glibc
import MaskFormats
import Training
import UNet

/// Where the server keeps what is too large for the store; in a cluster, a volume that all machines share.
///
/// ```
/// store.sqlite                    the store, unless it is a PostgreSQL server
/// datasets/ID.dataset             data sets, each written whole and never again
/// jobs/ID/ATTEMPT/                the files of one attempt at a job, written by that attempt alone
/// ```
struct DataFolder: Sendable {
  let path: String

  var store: String { "\(path)/store.sqlite" }
  var dataSets: String { "\(path)/datasets" }
  func dataSet(_ id: String) -> String { "\(dataSets)/\(id).dataset" }
  func job(_ id: String) -> String { "\(path)/jobs/\(id)" }
  func attempt(_ attempt: Int, of job: String) -> String { "\(self.job(job))/\(attempt)" }

  /// The best model of a job so far, in one of the formats that it is kept in; nil where there is none.
  func model(of job: Job, _ name: String = TrainingRun.bestName) -> String? {
    guard let path = job.filesAttempt.map({ "\(attempt($0, of: job.id))/\(name)" }), Self.exists(path) else {
      return nil
    }
    return path
  }

  /// Makes a folder, and those above it, where they are missing.
  static func make(_ path: String) throws(UNetError) {
    if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
      throw UNetError(.system, "\(path): \(String(cString: strerror(errno)))")
    }
    try make(String(path[..<slash]))
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
      throw UNetError(.system, "\(path): \(String(cString: strerror(errno)))")
    }
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Lets a new attempt begin with the files of an older one. They are linked, so what the older one may still write does not
  /// reach them.
  func carry(from older: Int, to attempt: Int, of job: String) throws(UNetError) {
    // In this order: a best model that is newer than the checkpoint is made again, one that is older would not be.
    for name in [TrainingRun.lastName, TrainingRun.bestName, TrainingRun.exportName] {
      let (source, target) = (
        "\(self.attempt(older, of: job))/\(name)", "\(self.attempt(attempt, of: job))/\(name)"
      )
      guard link(source, target) != 0, errno != ENOENT, errno != EEXIST else { continue }
      // Not every file system has links.
      guard [EOPNOTSUPP, EPERM, EMLINK, ENOSYS].contains(errno) else {
        throw UNetError(.system, "\(target): \(String(cString: strerror(errno)))")
      }
      let bytes: [UInt8]
      do throws(FormatError) {
        let file = try MappedFile(path: source)
        bytes = file.bytes(0..<file.count)
      } catch {
        throw UNetError(.system, "\(source): \(error.detail)")
      }
      try AtomicFile.write(to: target) { (file) throws(UNetError) in try file.append(bytes) }
    }
  }

  /// Keeps of a job that has ended what the attempt wrote that counts.
  func tidy(_ job: Job?) {
    guard let job, job.state.isFinal else { return }
    remove(job: job.id, except: job.filesAttempt)
    if let kept = job.filesAttempt { AtomicFile.removeLeftovers(in: attempt(kept, of: job.id)) }
  }

  func remove(dataSet id: String) { unlink(dataSet(id)) }

  /// Removes all files of a job, or of all attempts but one.
  func remove(job: String, except attempt: Int? = nil) {
    for name in Self.names(in: self.job(job)) where name != attempt.map({ "\($0)" }) {
      let folder = "\(self.job(job))/\(name)"
      for file in Self.names(in: folder) { unlink("\(folder)/\(file)") }
      rmdir(folder)
    }
    if attempt == nil { rmdir(self.job(job)) }
  }

  /// Ids of the jobs that have a folder which was made so many seconds ago or earlier.
  func jobs(olderThan seconds: Int) -> [String] { old("\(path)/jobs", seconds, suffix: "") }

  /// What the disk has left for this process.
  var freeBytes: Int {
    var space = statvfs()
    return statvfs(path, &space) == 0 ? Int(space.f_bavail) * Int(space.f_frsize) : 0
  }

  /// Makes sure that the folder belongs to a store, which is known by its name, or to none yet.
  ///
  /// Files that a store knows nothing of are removed in time, so another's must not be taken for its own.
  func join(store identity: String) throws(UNetError) {
    let file = "\(path)/store.id"
    if !Self.exists(file) {
      try AtomicFile.write(to: file) { (file) throws(UNetError) in
        try file.append(Array("\(identity)\n".utf8))
      }
    }
    guard let found = Self.line(of: file), found != identity else { return }
    throw UNetError(
      .configuration,
      "\(path) belongs to another job store (\(found), not \(identity)); if it is to be this one's, remove \(file)"
    )
  }

  private static func line(of path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 256)
    guard fgets(&buffer, Int32(buffer.count), file) != nil else { return nil }
    return buffer.withUnsafeBufferPointer {
      String(String(cString: $0.baseAddress!).prefix { !$0.isNewline })
    }
  }

  /// Ids of the data sets that have such a file.
  func dataSetFiles(olderThan seconds: Int) -> [String] { old(dataSets, seconds, suffix: ".dataset") }

  private func old(_ folder: String, _ seconds: Int, suffix: String) -> [String] {
    Self.names(in: folder).compactMap { name in
      guard name.hasSuffix(suffix), UUIDv7.isValid(String(name.dropLast(suffix.count))) else { return nil }
      var status = stat()
      guard stat("\(folder)/\(name)", &status) == 0, status.st_mtim.tv_sec < time(nil) - seconds else {
        return nil
      }
      return String(name.dropLast(suffix.count))
    }
  }

  private static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
