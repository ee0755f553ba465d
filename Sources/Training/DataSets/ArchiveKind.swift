import MaskFormats

/// The archives that are read, told by their first bytes.
enum ArchiveKind {
  case zip
  case tar
  /// A tar archive as one or more gzip members.
  case gzippedTar

  /// Whether it is a tar archive, compressed or not.
  var isTar: Bool { self != .zip }

  private static let zipMagic: [UInt8] = [0x50, 0x4B]
  /// First bytes of what people also call archives, to tell them what it is that is not read.
  private static let others: [(magic: [UInt8], name: String)] = [
    (Array("BZh".utf8), "bzip2"), ([0xFD] + Array("7zXZ".utf8), "xz"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"),
    ([0x04, 0x22, 0x4D, 0x18], "lz4"), (Array("LZIP".utf8), "lzip"), ([0x1F, 0x9D], "compress"),
    ([0x5D, 0, 0], "lzma"), (Array("7z".utf8) + [0xBC, 0xAF], "7-Zip"), (Array("Rar!".utf8), "RAR"),
  ]

  /// - Throws: `DataSetError.invalid`, in words without the name, for nothing and for what others compressed.
  init(_ bytes: UnsafeRawBufferPointer) throws(DataSetError) {
    guard !bytes.isEmpty else { throw DataSetError(.invalid, "it is empty") }
    if let other = Self.others.first(where: { bytes.starts(with: $0.magic) }) {
      throw DataSetError(
        .invalid, "its first bytes are those of \(other.name); read are npz, zip, tar and tar.gz")
    }
    if bytes.starts(with: Compressed.gzipMagic) {
      self = .gzippedTar
    } else {
      // Tar has no magic number that all its writers know; libarchive looks whether the checksum of its header fits.
      self = bytes.starts(with: Self.zipMagic) ? .zip : .tar
    }
  }
}
