extension Body {
  /// `start`, `bytes` and `end`, one behind the other; nil where there is no memory.
  public convenience init?(_ start: [UInt8], _ bytes: RawSpan, _ end: [UInt8]) {
    let count = start.count + bytes.byteCount + end.count
    guard let storage = BodyStorage(trying: count) else { return nil }
    storage.address.copyMemory(from: start, byteCount: start.count)
    bytes.withUnsafeBytes { bytes in
      UnsafeMutableRawBufferPointer(start: storage.address + start.count, count: bytes.count).copyMemory(
        from: bytes)
    }
    (storage.address + start.count + bytes.byteCount).copyMemory(from: end, byteCount: end.count)
    self.init(storage, count: count)
  }
}
