import Glibc

/// The processor's cores that this process may use.
enum Cores {
  /// How many, at least 1: those that it may be scheduled on, no more than its control group has the time of.
  static var available: Int {
    let all = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let allowed = line(of: "/proc/self/status", beginning: "Cpus_allowed:").flatMap(allowed) ?? all
    let granted = line(of: "/sys/fs/cgroup/cpu.max", beginning: "").flatMap(quota) ?? all
    return max(1, min(all, allowed, granted, 1024))
  }

  private static func line(of path: String, beginning start: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 4096)
    while fgets(&buffer, Int32(buffer.count), file) != nil {
      let line = buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
      if line.hasPrefix(start) { return line }
    }
    return nil
  }

  /// The cores of a mask such as "Cpus_allowed:\tff,00000003", 10.
  static func allowed(in line: String) -> Int? {
    guard let mask = line.split(separator: ":").last else { return nil }
    let count = mask.reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
    return count > 0 ? count : nil
  }

  /// Whole cores of a quota of cgroup v2: of "200000 100000", 2; nil for "max 100000", which is none.
  static func quota(of line: String) -> Int? {
    let numbers = line.split { " \n".contains($0) }.map { Double($0) }
    guard numbers.count == 2, let time = numbers[0], let period = numbers[1], period > 0 else { return nil }
    return max(1, Int((time / period).rounded(.up)))
  }
}
