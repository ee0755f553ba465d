import Hausdorff

/// What the index of a data set's file says of one sample.
///
/// 32 bytes each, and behind those of all samples their names in UTF-8, one after the other:
/// ```
/// 0   where the sample begins (uint64)       24  bytes of its name (uint16)
/// 8   pixels that are not 0 (uint64)         26  type of the image, by its place in `types` (uint8)
/// 16  height (uint32)                        27  largest label (uint8)
/// 20  width (uint32)                         28  zeros
/// ```
struct DataSetEntry: Equatable {
  static let byteCount = 32
  /// Most pixels along an axis: no product of extents overflows with these.
  static let maximumExtent = 1 << 20
  static let maximumNameByteCount = 1024
  /// The file's numbers for types; new ones go to the end.
  private static let types: [ScalarType] = [
    .bool, .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64, .float16, .float32, .float64,
  ]

  var offset: Int
  var foregroundCount: Int
  var height: Int
  var width: Int
  var type: ScalarType
  var largestLabel: Int
  var name: String

  /// Where an image of so many channels lies in the file.
  func imageRange(channels: Int) -> Range<Int> {
    offset..<offset + channels * height * width * type.byteCount
  }

  /// Where its mask lies, right behind it.
  func labelsRange(channels: Int) -> Range<Int> {
    let start = imageRange(channels: channels).upperBound
    return start..<start + height * width
  }
}

extension DataSetEntry {
  /// The index of all `entries`.
  static func index(of entries: [DataSetEntry]) -> [UInt8] {
    var bytes: [UInt8] = []
    for entry in entries {
      bytes.append(entry.offset, bytes: 8)
      bytes.append(entry.foregroundCount, bytes: 8)
      bytes.append(entry.height, bytes: 4)
      bytes.append(entry.width, bytes: 4)
      bytes.append(entry.name.utf8.count, bytes: 2)
      bytes.append(types.firstIndex(of: entry.type)!, bytes: 1)
      bytes.append(entry.largestLabel, bytes: 1)
      bytes.append(0, bytes: 4)
    }
    for entry in entries { bytes.append(contentsOf: entry.name.utf8) }
    return bytes
  }

  /// Parses the index that `header` tells of.
  ///
  /// - Throws: `DataSetError.invalid` unless the samples lie one behind the other from the header to the index, each
  ///   where it must, and the names fill the rest.
  static func entries(
    parsing bytes: [UInt8], _ header: DataSetHeader, path: String
  ) throws(DataSetError) -> [DataSetEntry] {
    var entries: [DataSetEntry] = []
    entries.reserveCapacity(header.count)
    var nameStart = header.count * byteCount
    var end = DataSetHeader.byteCount
    for index in 0..<header.count {
      func failure(_ what: String) -> DataSetError {
        DataSetError(.invalid, "\(path): the data set's sample \(index) \(what)")
      }
      let fields = bytes[index * byteCount..<(index + 1) * byteCount]
      func number(_ offset: Int, _ count: Int) -> Int? {
        let start = fields.startIndex + offset
        return fields[start..<start + count].littleEndianNumber
      }
      guard let offset = number(0, 8), let foreground = number(8, 8), let height = number(16, 4),
        let width = number(20, 4), let nameCount = number(24, 2), let type = number(26, 1),
        let largest = number(27, 1), number(28, 4) == 0, type < types.count
      else { throw failure("has an entry without meaning") }
      guard (1...maximumExtent).contains(height), (1...maximumExtent).contains(width) else {
        throw failure("is \(height) x \(width) pixels large")
      }
      guard foreground <= height * width, (foreground > 0) == (largest > 0) else {
        throw failure("has \(foreground) pixels of foreground and \(largest) as largest label")
      }
      guard offset == (end + DataSetHeader.alignment - 1) / DataSetHeader.alignment * DataSetHeader.alignment
      else { throw failure("begins at byte \(offset), where it cannot be") }
      guard nameCount <= maximumNameByteCount, nameCount <= bytes.count - nameStart,
        let name = String(validating: bytes[nameStart..<nameStart + nameCount], as: UTF8.self)
      else { throw failure("has no valid name") }
      nameStart += nameCount
      let entry = DataSetEntry(
        offset: offset, foregroundCount: foreground, height: height, width: width, type: types[type],
        largestLabel: largest, name: name)
      end = entry.labelsRange(channels: header.channels).upperBound
      guard end <= header.indexOffset else { throw failure("reaches into the index") }
      entries.append(entry)
    }
    guard nameStart == bytes.count, end == header.indexOffset else {
      throw DataSetError(.invalid, "\(path): the data set has bytes that belong to no sample")
    }
    return entries
  }
}
