import CZlib

@testable import Training

/// A member of an archive that is made by hand, honest unless told otherwise.
struct Member {
  var name: [UInt8]
  var data: [UInt8] = []
  /// Of tar: what kind of member it is, and what it links to.
  var type = UInt8(ascii: "0")
  var link = ""
  /// What the header says of its length; nil where that is true.
  var declaredCount: Int?
  /// Of zip.
  var flags = 0
  var method = 0
  var mode = 0o100644
  var checksum: UInt32?

  init(_ name: String, _ data: [UInt8] = []) { (self.name, self.data) = (Array(name.utf8), data) }

  /// A member with something about it changed.
  func with(_ change: (inout Member) -> Void) -> Member {
    var changed = self
    change(&changed)
    return changed
  }

  /// The name and data of a file of the fixtures' folder `set`.
  init(fixture name: String) throws {
    self.init(name, try readFile(try TrainingTests.fixture("set/\(name)")))
  }
}

/// The zeros at the end of a tar archive.
let tarEnd = [UInt8](repeating: 0, count: 1024)

/// A header of POSIX's ustar format and the data, padded.
func tarMember(_ member: Member) -> [UInt8] {
  var header = [UInt8](repeating: 0, count: 512)
  func put(_ bytes: some Sequence<UInt8>, at start: Int) {
    for (index, byte) in bytes.enumerated() { header[start + index] = byte }
  }
  func octal(_ number: Int, _ count: Int) -> [UInt8] {
    let digits = String(number, radix: 8).utf8
    return [UInt8](repeating: UInt8(ascii: "0"), count: count - digits.count) + digits
  }
  put(member.name.prefix(100), at: 0)
  put("0000644".utf8, at: 100)
  put("0000000".utf8, at: 108)
  put("0000000".utf8, at: 116)
  put(octal(member.declaredCount ?? member.data.count, 11), at: 124)
  put(octal(0, 11), at: 136)
  header[156] = member.type
  put(member.link.utf8, at: 157)
  put("ustar\u{0}00".utf8, at: 257)
  put([UInt8](repeating: UInt8(ascii: " "), count: 8), at: 148)
  put(octal(header.reduce(0) { $0 + Int($1) }, 6) + [0], at: 148)
  return header + member.data + [UInt8](repeating: 0, count: -member.data.count & 511)
}

/// A tar archive.
func tar(_ members: [Member]) -> [UInt8] { members.flatMap(tarMember) + tarEnd }

/// A pax header of `records` for the member behind it.
func paxHeader(_ records: [(String, String)]) -> Member {
  let text = records.map { key, value in
    let rest = " \(key)=\(value)\n".utf8.count
    let count = (1...9).map { rest + $0 }.first { String($0).utf8.count == $0 - rest }!
    return "\(count) \(key)=\(value)\n"
  }
  return Member("pax", Array(text.joined().utf8)).with { $0.type = UInt8(ascii: "x") }
}

/// A zip archive, its members stored unless they say that they are packed otherwise.
func zip(_ members: [Member], comment: String = "", declaredCount: Int? = nil) -> [UInt8] {
  var file: [UInt8] = []
  var directory: [UInt8] = []
  for member in members {
    let start = file.count
    let checksum = member.checksum ?? UInt32(crc32(0, member.data, UInt32(member.data.count)))
    var common: [UInt8] = []
    common.append(20, bytes: 2)
    common.append(member.flags, bytes: 2)
    common.append(member.method, bytes: 2)
    common.append(0x0021_0000, bytes: 4)
    common.append(Int(checksum), bytes: 4)
    common.append(member.data.count, bytes: 4)
    common.append(member.declaredCount ?? member.data.count, bytes: 4)
    common.append(member.name.count, bytes: 2)
    common.append(0, bytes: 2)
    file += [0x50, 0x4B, 3, 4] + common + member.name + member.data
    directory += [0x50, 0x4B, 1, 2, 20, 3] + common
    directory.append(0, bytes: 6)
    directory.append(member.mode << 16, bytes: 4)
    directory.append(start, bytes: 4)
    directory += member.name
  }
  var end: [UInt8] = [0x50, 0x4B, 5, 6]
  end.append(0, bytes: 4)
  end.append(min(declaredCount ?? members.count, 0xFFFF), bytes: 2)
  end.append(min(declaredCount ?? members.count, 0xFFFF), bytes: 2)
  end.append(directory.count, bytes: 4)
  end.append(file.count, bytes: 4)
  end.append(comment.utf8.count, bytes: 2)
  return file + directory + end + comment.utf8
}
