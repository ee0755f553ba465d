import MaskFormats
import Testing

@testable import Training

@Suite struct ArchiveTests {
  /// Names and bytes of all members.
  private func members(
    _ name: String, _ limits: Archive.Limits = .init()
  ) throws(DataSetError) -> [(String, [UInt8])] {
    let path: String
    do { path = try fixture(name) } catch { fatalError("\(error)") }
    let file = try DataSet.mapped(path)
    return try file.withBytes { (bytes) throws(DataSetError) in
      try bytes.withUnsafeBytes { (bytes) throws(DataSetError) in
        let archive = try Archive(bytes, name: path, limits: limits)
        var members: [(String, [UInt8])] = []
        while let name = try archive.next() {
          var data: [UInt8] = []
          try archive.read { (span) throws(DataSetError) in
            span.withUnsafeBytes { data.append(contentsOf: $0) }
          }
          members.append((name, data))
        }
        return members
      }
    }
  }

  @Test func `members come in their order, folders left out`() throws {
    let found = try members("members.zip")
    #expect(found.map(\.0) == ["a.txt", "folder/b.txt", "grün.txt"])
    #expect(found.map(\.1) == [Array("alpha".utf8), Array("beta".utf8), []])
  }

  @Test(arguments: [
    ("climbing", "'../a.txt' leads out of its folder"), ("climbing_inside", "leads out of its folder"),
    ("absolute", "absolute path"), ("link", "'images' is a link or device"),
    ("device", "'null' is a link or device"),
  ])
  func `members that could do harm when unpacked are refused`(_ name: String, _ words: String) throws {
    let error = try #require(failure { () throws(DataSetError) in try members("bad_\(name).zip") })
    #expect(error.kind == .invalid && error.detail.contains(words), "\(error)")
  }

  @Test(arguments: ["", "/a", "..", "a/..", "a\\b", "../", "a/../b"])
  func `these names are refused`(_ name: String) {
    #expect(ArchivedName.objection(to: Array(name.utf8)) != nil)
  }

  @Test(arguments: ["a", "a/b", "..a", "a..", "a/.b", "images.npy"])
  func `these names may be`(_ name: String) {
    #expect(ArchivedName.objection(to: Array(name.utf8)) == nil)
  }

  @Test func `members are counted, and their bytes`() throws {
    #expect(try members("zeros.zip").count == 4)
    #expect(try members("zeros.zip", .init(maximumMembers: 4, maximumByteCount: 400_000)).count == 4)
    for limits in [Archive.Limits(maximumMembers: 3), Archive.Limits(maximumByteCount: 399_999)] {
      #expect(failure { () throws(DataSetError) in try members("zeros.zip", limits) }?.kind == .tooLarge)
    }
  }

  @Test(arguments: [
    ("images/a.png", "images", "", "a.png"), ("./masks/a.png", "masks", "", "a.png"),
    ("top/images/a.png", "images", "top", "a.png"), ("./top/./masks//a.png", "masks", "top", "a.png"),
    ("images/b/a.png", "images", "", "b/a.png"), ("top/images/b/a.png", "images", "top", "b/a.png"),
    ("images/images/a.png", "images", "", "images/a.png"),
  ])
  func `these are samples`(_ path: String, _ folder: String, _ top: String, _ file: String) {
    #expect(ArchivedName(path).role == .sample(folder: folder, top: top, file: file))
  }

  @Test(arguments: [
    "images", "a.png", "top/a.png", "a/b/images/a.png", "images/.a.png", ".git/images/a.png", ".", "",
    "__MACOSX/images/a.png", "images/._a.png", "top/images", "arr_0.npy", "top/images.npy", "Images/a.png",
  ])
  func `these are not`(_ path: String) {
    #expect(ArchivedName(path).role == .other)
  }

  @Test func `arrays of an npz lie in no folder`() {
    #expect(ArchivedName("images.npy").role == .array("images"))
    #expect(ArchivedName("./masks.npy").role == .array("masks"))
  }

  @Test(arguments: [
    ("größer.png", "größer.png"), ("a\u{0}b\n\u{1B}[31m", #"a\u{0}b\u{A}\u{1B}[31m"#),
    ("\u{202E}gnp.a\u{200B}", #"\u{202E}gnp.a\u{200B}"#),
    (String(repeating: "x", count: 100), String(repeating: "x", count: 100)),
    (
      String(repeating: "x", count: 900) + String(repeating: "y", count: 100),
      String(repeating: "x", count: 50) + "…" + String(repeating: "y", count: 25)
    ),
  ])
  func `names are shown without what moves or hides text`(_ name: String, _ shown: String) {
    #expect(name.shown == shown)
  }
}
