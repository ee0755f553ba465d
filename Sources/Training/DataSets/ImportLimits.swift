import MaskFormats

/// How much an import may take, whatever its files declare.
public struct ImportLimits: Equatable, Sendable {
  /// Most bytes that the members of an archive, or one file of a folder, may take when decoded.
  public var maximumBytes: Int
  /// Most members of an archive, or files of a folder.
  public var maximumFiles: Int

  /// No limit but the disk for bytes, and a million files: for files of one's own.
  public init(maximumBytes: Int = .max, maximumFiles: Int = 1 << 20) {
    self.maximumBytes = maximumBytes
    self.maximumFiles = maximumFiles
  }

  var archive: Archive.Limits { .init(maximumMembers: maximumFiles, maximumByteCount: maximumBytes) }
  var format: FormatLimits { FormatLimits(maximumBytes: maximumBytes) }
}
