/// What the path of an archive's member says of its place among samples.
struct ArchivedName: Equatable {
  /// What a member may be, by its name alone.
  enum Role: Equatable {
    /// An array of an npz: `images` or `masks`.
    case array(String)
    /// A file of the folder `images` or `masks`, in the folder `top` unless that is empty.
    case sample(folder: String, top: String, file: String)
    /// What operating systems leave behind, and people write about samples.
    case other
  }

  static let maximumByteCount = 1024

  /// The arrays of an npz, and the folders of other archives.
  static let images = "images"
  static let masks = "masks"

  let role: Role

  /// Takes apart a path that there is no objection to.
  init(_ path: String) {
    let parts = path.split(separator: "/").filter { $0 != "." }
    let isLitter = parts.contains { $0.hasPrefix(".") } || parts.first == "__MACOSX"
    let isFolder = { (part: Substring) in part == Self.images || part == Self.masks }
    if isLitter || parts.isEmpty {
      role = .other
    } else if parts.count == 1 {
      let isArray = [Self.images, Self.masks].contains { parts[0] == $0 + ".npy" }
      role = isArray ? .array(String(parts[0].dropLast(4))) : .other
    } else if isFolder(parts[0]) {
      role = .sample(folder: String(parts[0]), top: "", file: parts[1...].joined(separator: "/"))
    } else if parts.count > 2, isFolder(parts[1]) {
      role = .sample(
        folder: String(parts[1]), top: String(parts[0]), file: parts[2...].joined(separator: "/"))
    } else {
      role = .other
    }
  }

  /// Why a member must not have this path; nil where it may.
  static func objection(to path: [UInt8]) -> String? {
    if path.isEmpty { return "has no name" }
    if path.count > maximumByteCount { return "has a name of more than \(maximumByteCount) bytes" }
    guard String(validating: path, as: UTF8.self) != nil else { return "has a name that is not UTF-8" }
    if path.first == UInt8(ascii: "/") { return "has an absolute path" }
    if path.contains(UInt8(ascii: "\\")) { return "has a backslash in its name" }
    let isClimbing = path.split(separator: UInt8(ascii: "/")).contains { $0.elementsEqual("..".utf8) }
    return isClimbing ? "leads out of its folder" : nil
  }
}
