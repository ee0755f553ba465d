import CoreMetrics
import Glibc
import HTTPServer

/// What the kernel knows of this process, by /proc.
struct ProcessFigures: Sendable {
  private let processorSeconds = Locked(0.0)

  /// Looks it up and sets the process_ metrics.
  func collect() {
    let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
    let pageSize = sysconf(Int32(_SC_PAGESIZE))
    // Behind the program's name, which may have any character: the third field of proc(5) and those that follow.
    guard let line = Self.text("/proc/self/stat"), let end = line.lastIndex(of: ")") else { return }
    let fields = line[line.index(after: end)...].split(separator: " ").map { Double($0) ?? 0 }
    guard fields.count > 21 else { return }
    let seconds = (fields[11] + fields[12]) / ticks
    let more = processorSeconds.withLock { before in
      defer { before = seconds }
      return seconds - before
    }
    FloatingPointCounter(label: MetricName.processorTime.rawValue).increment(by: more)
    Meter.set(.threads, to: fields[17])
    Meter.set(.virtualMemory, to: fields[20])
    Meter.set(.residentMemory, to: fields[21] * Double(pageSize))
    if let boot = Self.bootTime { Meter.set(.startTime, to: boot + fields[19] / ticks) }
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    Meter.set(.descriptorLimit, to: limit.rlim_cur)
    if let count = Self.openDescriptors { Meter.set(.openDescriptors, to: count) }
  }

  private static let bootTime: Double? = text("/proc/stat")?.split(separator: "\n")
    .first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }

  private static var openDescriptors: Int? {
    guard let folder = opendir("/proc/self/fd") else { return nil }
    defer { closedir(folder) }
    // Less ".", ".." and the folder itself.
    var count = -3
    while readdir(folder) != nil { count += 1 }
    return count
  }

  private static func text(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}
