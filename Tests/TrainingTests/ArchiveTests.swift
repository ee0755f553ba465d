import Testing

@testable import Training

@Suite struct ArchiveTests {
  /// Names and bytes of all members.
  private func members(
    _ name: String, _ limits: Archive.Limits = .init()
  ) throws(DataSetError) -> [(String, [UInt8])] {
    let path: String
    do { path = try fixture(name) } catch { fatalError("\(error)") }
    let archive = try Archive(zip: path, limits: limits)
    var members: [(String, [UInt8])] = []
    while let name = try archive.next() {
      var bytes: [UInt8] = []
      try archive.read { (span) throws(DataSetError) in
        span.withUnsafeBytes { bytes.append(contentsOf: $0) }
      }
      members.append((name, bytes))
    }
    return members
  }

  @Test func `members come in their order, folders left out`() throws {
    let found = try members("members.zip")
    #expect(found.map(\.0) == ["a.txt", "folder/b.txt", "grün.txt"])
    #expect(found.map(\.1) == [Array("alpha".utf8), Array("beta".utf8), []])
  }

  @Test func `members may be passed over`() throws {
    let archive = try Archive(zip: try fixture("members.zip"), limits: .init())
    var names: [String] = []
    while let name = try archive.next() { names.append(name) }
    #expect(names == ["a.txt", "folder/b.txt", "grün.txt"])
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
    #expect(Archive.objection(toName: name) != nil)
  }

  @Test(arguments: ["a", "a/b", "..a", "a..", "a/.b", "images.npy"])
  func `these names may be`(_ name: String) {
    #expect(Archive.objection(toName: name) == nil)
  }

  @Test func `members are counted, and their bytes`() throws {
    #expect(try members("zeros.zip").count == 4)
    #expect(try members("zeros.zip", .init(maximumMembers: 4, maximumByteCount: 400_000)).count == 4)
    for limits in [Archive.Limits(maximumMembers: 3), Archive.Limits(maximumByteCount: 399_999)] {
      #expect(failure { () throws(DataSetError) in try members("zeros.zip", limits) }?.kind == .tooLarge)
    }
  }
}
