import Glibc
import MaskFormats
import TestSupport
import Testing

@testable import Training

/// Whether this process has a file of `folder` open or mapped, named or not.
private func holdsFile(of folder: String) throws -> Bool {
  let maps = String(decoding: try readFile("/proc/self/maps"), as: UTF8.self)
  if maps.contains(folder) { return true }
  return (0..<1024).contains { descriptor in
    var target = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/fd/\(descriptor)", &target, target.count)
    return count > 0
      && String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self).contains(folder)
  }
}

@Suite struct ArchiveImportTests {
  private let folder = try! ScratchFolder()

  private func importing(
    _ bytes: [UInt8], range: Range<Int>? = nil, limits: ImportLimits = ImportLimits(),
    progress: DataSet.Progress = { _, _ in }
  ) throws(DataSetError) -> DataSet {
    try DataSet.importing(
      archive: TestBytes(bytes), range: range, name: "archive", scratch: folder.path, limits: limits,
      progress: progress)
  }

  /// The error that importing gives, which must leave nothing behind and be fit to be shown.
  private func refusal(
    _ bytes: [UInt8], limits: ImportLimits = ImportLimits(), progress: DataSet.Progress = { _, _ in }
  ) throws -> DataSetError {
    let error = try #require(
      failure { () throws(DataSetError) in
        try DataSet.importing(
          archive: TestBytes(bytes), name: "archive", keptAs: "\(folder.path)/set", limits: limits,
          progress: progress)
      })
    #expect(try folder.names == [])
    #expect(try !holdsFile(of: folder.path))
    #expect(error.detail.hasPrefix("archive: "), "\(error)")
    #expect(error.detail.utf8.count < 1000)
    #expect(error.detail.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }, "\(error)")
    return error
  }

  /// What the folder that the fixtures are made of gives.
  private func expected() throws -> DataSet {
    try DataSet.importing(try fixture("set"), scratch: folder.path)
  }

  @Test(arguments: [
    "set.zip", "set_stored.zip", "set_top.zip", "set_streamed.zip", "set_pax.tar", "set_gnu.tar",
    "set_ustar.tar.gz", "set_long.tar.gz", "set_long_pax.tar.gz",
  ])
  func `an archive that Python makes of a folder gives the same samples as the folder`(_ name: String) throws
  {
    let path = try fixture(name)
    let set = try DataSet.importing(path, scratch: folder.path)
    #expect((0..<set.count).map(set.name(of:)) == ["Z", "a10", "a9", "größer"])
    #expect(set.digest == (try expected().digest))
    let bytes = try readFile(path)
    #expect(try importing(bytes).digest == set.digest)
    // As the part of a form.
    let range = 300..<300 + bytes.count
    let form = [UInt8](repeating: 0x50, count: 300) + bytes + [UInt8](repeating: 0x50, count: 70_000)
    #expect(try importing(form, range: range).digest == set.digest)
    #expect(try folder.names == [])
  }

  @Test func `an npz may be in memory, and its arrays in any archive`() throws {
    let bytes = try readFile(try fixture("grey_compressed.npz"))
    let digest = try DataSet.importing(try fixture("grey.npz"), scratch: folder.path).digest
    #expect(try importing(bytes).digest == digest)
    let kept = try DataSet.importing(
      archive: TestBytes(bytes), name: "archive", keptAs: "\(folder.path)/kept")
    #expect(kept.digest == digest)
    #expect(try DataSet(path: "\(folder.path)/kept").digest == digest)
  }

  /// An image and its mask.
  private static let pair = [
    Member("images/a.npy", npy([2, 2], [1, 2, 3, 4])), Member("masks/a.npy", npy([2, 2], [0, 1, 1, 0])),
  ]

  /// The two archives that people make by hand, and gzip around the second.
  private static func each(_ members: [Member]) -> [(kind: String, bytes: [UInt8])] {
    [("zip", zip(members)), ("tar", tar(members)), ("tar.gz", deflated(tar(members)))]
  }

  @Test(arguments: [
    ("/images/a.npy", "has an absolute path"), ("../images/a.npy", "leads out of its folder"),
    ("images/../../a.npy", "leads out of its folder"), ("images/b\\c.npy", "has a backslash"),
    ("images/b.jpg", "images/b.jpg: neither .png, .npy, .nii.gz nor .nii by its name"),
    ("images/sub/b.npy", "images/sub/b.npy: neither .png, .npy, .nii.gz nor .nii by its name"),
    ("images/b.zip", "images/b.zip: neither"), ("images/.npy.npy", ""),
    ("images/b.npy", "1 images without masks: 'b.npy'"),
    ("masks/b.npy", "1 masks without images: 'b.npy'"),
    ("images/a.png", "images: both 'a.npy' and 'a.png' are there, of one stem"),
    ("masks/a.npy", "masks: both 'a.npy' and 'a.npy' are there, of one stem"),
    ("other/images/b.npy", "samples both in no folder and in 'other'"),
    ("images.npy", "both arrays, as in an npz, and folders"),
    ("images/\u{1B}[31m\n.jpg", #"images/\u{1B}[31m\u{A}.jpg: neither"#),
  ])
  func `names that may not be are told`(_ name: String, _ words: String) throws {
    for (kind, bytes) in Self.each(Self.pair + [Member(name, npy([2, 2], [1, 2, 3, 4]))]) where !words.isEmpty
    {
      let error = try refusal(bytes)
      #expect(error.kind == .invalid && error.detail.contains(words), "\(kind): \(error)")
    }
  }

  @Test func `members without samples are told by name, and the first few of many`() throws {
    for (_, bytes) in Self.each([Member("set.tar.gz"), Member("a/b/images/x.npy")]) {
      #expect(try refusal(bytes).detail.hasSuffix("this one holds 'set.tar.gz', 'a/b/images/x.npy'"))
    }
    for (_, bytes) in Self.each((0..<9).map { Member("\($0).jpg") }) {
      #expect(try refusal(bytes).detail.hasSuffix("'4.jpg' and 4 more"))
    }
    let folders = [Member("images/"), Member("masks/")].map { $0.with { $0.type = UInt8(ascii: "5") } }
    for (_, bytes) in Self.each(folders) + Self.each([]) {
      #expect(try refusal(bytes).detail.hasSuffix("holds nothing"))
    }
  }

  @Test(arguments: [
    ("1", "a link or device"), ("2", "a link or device"), ("3", "a link or device"),
    ("4", "a link or device"),
    ("6", "a link or device"), ("S", ""),
  ])
  func `links, devices and pipes of a tar archive are refused`(_ type: String, _ words: String) throws {
    let member = Member("images/b.npy").with { member in
      member.type = type.utf8.first!
      member.link = "/etc/passwd"
    }
    for bytes in [tar(Self.pair + [member]), deflated(tar([member]))] {
      let error = try refusal(bytes)
      #expect(error.detail.contains(words), "\(error)")
      #expect(words.isEmpty || error.detail.contains("'images/b.npy'"), "\(error)")
    }
  }

  @Test(arguments: [0o120777, 0o020666, 0o060666, 0o140666])
  func `links, devices and sockets of a zip archive are refused`(_ mode: Int) throws {
    let member = Member("images/b.npy", Array("/etc".utf8)).with { $0.mode = mode }
    let error = try refusal(zip(Self.pair + [member]))
    #expect(error.detail.contains("'images/b.npy' is a link or device"), "\(error)")
  }

  @Test func `sparse files are refused before they take any room`() throws {
    let huge = "1099511627776"
    let map = Array("1\n1099511627264\n512\n".utf8)
    let sparse: [(Member, Member)] = [
      // Without any data: all of it is a hole.
      (
        paxHeader([
          ("GNU.sparse.major", "0"), ("GNU.sparse.minor", "1"), ("GNU.sparse.name", "images/b.npy"),
          ("GNU.sparse.size", huge), ("GNU.sparse.numblocks", "1"), ("GNU.sparse.map", "\(huge),0"),
        ]), Member("images/b.npy")
      ),
      (
        paxHeader([
          ("GNU.sparse.size", huge), ("GNU.sparse.numblocks", "1"), ("GNU.sparse.offset", "1099511627264"),
          ("GNU.sparse.numbytes", "512"),
        ]), Member("images/b.npy", [UInt8](repeating: 1, count: 512))
      ),
      (
        paxHeader([
          ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "images/b.npy"),
          ("GNU.sparse.realsize", huge),
        ]), Member("images/b.npy", map + [UInt8](repeating: 0, count: 1024 - map.count))
      ),
    ]
    for (header, member) in sparse {
      let error = try refusal(tar([header, member]))
      #expect(error.kind == .invalid && error.detail.contains("images/b.npy"), "\(error)")
    }
  }

  @Test func `a map of a sparse file that would fill memory is not read`() throws {
    let map = Array("9999999\n".utf8) + Array(String(repeating: "0\n0\n", count: 3 << 20).utf8)
    let header = paxHeader([
      ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "1"),
    ])
    let error = try refusal(deflated(tar([header, Member("images/b.npy", map)])))
    #expect(error.detail.contains("bytes of headers or padding in a row"), "\(error)")
  }

  @Test func `names that are too long or not UTF-8 are refused`() throws {
    let long = String(repeating: "long", count: 257)
    let members: [[Member]] = [
      [paxHeader([("path", "images/\(long).npy")]), Member("x")],
      [
        Member("././@LongLink", Array("images/\(long).npy".utf8) + [0]).with { $0.type = UInt8(ascii: "L") },
        Member("x"),
      ],
    ]
    for bytes in members.map(tar) + [zip([Member("images/\(long).npy")])] {
      let error = try refusal(bytes)
      #expect(error.detail.contains("longlong") && error.detail.contains("…"), "\(error)")
      #expect(error.detail.contains("has a name of more than 1024 bytes"), "\(error)")
    }
    let latin = Member("images/b.npy").with { $0.name[7] = 0xE4 }
    for (_, bytes) in Self.each([latin]) {
      #expect(try refusal(bytes).detail.contains("'images/\u{FFFD}.npy' has a name that is not UTF-8"))
    }
  }

  @Test func `encrypted members of a zip archive, and ones that only others unpack, are refused`() throws {
    let encrypted = Member("images/b.npy", [UInt8](repeating: 1, count: 40)).with { $0.flags = 1 }
    #expect(try refusal(zip(Self.pair + [encrypted])).detail.contains("'images/b.npy' is encrypted"))
    for name in ["bzip2", "lzma"] {
      let error = try refusal(try readFile(try fixture("bad_\(name).zip")))
      #expect(error.detail.contains("read are members that are stored or deflated"), "\(error)")
    }
    for name in ["bz2", "xz"] {
      let error = try refusal(try readFile(try fixture("bad.tar.\(name)")))
      #expect(error.detail.contains("read are npz, zip, tar and tar.gz"), "\(error)")
    }
  }

  @Test func `what is no archive is refused`() throws {
    let inner = try readFile(try fixture("set_ustar.tar.gz"))
    for (bytes, words) in [
      ([], "it is empty"), ([0x1F, 0x8B], "cut short"), (Array("hello".utf8), "neither npz, zip, tar nor"),
      (try readFile(try fixture("grey.png")), "neither npz, zip, tar nor"),
      ([UInt8](repeating: 7, count: 5000), "neither npz, zip, tar nor"), (deflated([]), ""),
      (deflated(inner), "neither npz, zip, tar nor"), (deflated(Array("hello".utf8)), "neither"),
      (Array("PK".utf8), "not a whole zip archive"),
      (Array("PK\u{3}\u{4}hello".utf8), "not a whole zip archive"),
    ] as [([UInt8], String)] {
      let error = try refusal(bytes)
      #expect(error.kind == .invalid && error.detail.contains(words), "\(error)")
    }
  }

  @Test func `archives that are cut short anywhere are refused`() throws {
    // But for the end of a tar archive, of which one block of zeros is enough.
    for (kind, whole) in Self.each(Self.pair) {
      let needed = kind == "tar" ? whole.count - 1024 + 512 : whole.count
      for count in 0..<needed {
        let error = failure { () throws(DataSetError) in try importing(Array(whole[..<count])) }
        #expect(error?.kind == .invalid, "\(kind): \(count) of \(whole.count)")
      }
      for count in Set([needed, whole.count]) { _ = try importing(Array(whole[..<count])) }
    }
    #expect(try folder.names == [])
    let open = tar(Self.pair).dropLast(1024)
    #expect(try refusal(Array(open)).detail.contains("cut short: it has no end mark"))
    #expect(try refusal(deflated(Array(open))).detail.contains("cut short: it has no end mark"))
  }

  @Test func `what follows the end of an archive is refused, but for zeros and further parts`() throws {
    let parts = Self.pair.map(tarMember)
    let whole = tar(Self.pair)
    let zeros = [UInt8](repeating: 0, count: 5000)
    for bytes in [
      whole + zeros.prefix(4096), deflated(whole) + zeros, deflated(whole + zeros.prefix(4096)),
      deflated(parts[0]) + deflated(parts[1]) + deflated(tarEnd), tar([Self.pair[0]]) + tar([Self.pair[1]]),
      zip(Self.pair, comment: "a comment"),
    ] {
      #expect(try importing(bytes).count == 1)
    }
    let garbage = [UInt8](repeating: 0x42, count: 700)
    for bytes in [
      whole + garbage, whole + [1], deflated(whole) + garbage, deflated(whole + garbage),
      deflated(whole + [1]),
      deflated(whole) + [0x1F, 0x8B], zip(Self.pair) + garbage, zip(Self.pair) + [0],
      zip(Self.pair) + zip(Self.pair).suffix(22) + [0],
    ] {
      #expect(try refusal(bytes).kind == .invalid)
    }
  }

  @Test func `wrong checksums and lengths are found`() throws {
    let whole = deflated(tar(Self.pair))
    for at in whole.count - 8..<whole.count {
      var changed = whole
      changed[at] ^= 1
      #expect(try refusal(changed).detail.contains("the gzip stream is damaged"), "\(at)")
    }
    let wrong = Self.pair[0].with { $0.checksum = 1 }
    #expect(try refusal(zip([wrong, Self.pair[1]])).detail.contains("damaged in its member 'images/a.npy'"))
    for count in [0, 1, 1 << 20, 0x7FFF_FFFF] {
      let lie = Self.pair[0].with { $0.declaredCount = count }
      #expect(try refusal(zip([lie, Self.pair[1]])).kind == .invalid)
      #expect(try refusal(tar([lie, Self.pair[1]])).kind == .invalid)
    }
  }

  @Test func `what messages quote of a file is shown safely, and not at length`() throws {
    let key = try refusal(try readFile(try fixture("bad_npy_key.zip")))
    #expect(
      key.detail.contains(#"images/a.npy: the npy header has an unknown or repeated key 'fortranPK\u{1}"#))
    let type = String(repeating: "very long", count: 5)
    let array = npy([2, 2], [1, 2, 3, 4], type: type + "\u{1B}[31m")
    let error = try refusal(zip([Member("images/a.npy", array), Self.pair[1]]))
    #expect(error.detail.contains(type + #"\u{1B}[31m'"#), "\(error)")
  }

  @Test func `what is decompressed is limited while it is, also where it is passed over`() throws {
    let zeros = [UInt8](repeating: 0, count: 64 << 20)
    let limits = ImportLimits(maximumBytes: 1 << 20)
    let packed = Member("notes.bin", deflated(zeros, windowBits: -15)).with { member in
      member.method = 8
      member.declaredCount = zeros.count
      member.checksum = 0
    }
    let image = Member("images/b.npy", zeros)
    for bytes in [
      zip(Self.pair + [packed]), zip([packed]), deflated(tar(Self.pair + [image])),
      deflated(tar([Member("notes.bin", zeros)])), tar([image]), deflated(zeros),
    ] {
      var steps = 0
      let error = try refusal(bytes, limits: limits) { (_, _) throws(DataSetError) in steps += 1 }
      #expect(error.kind == .tooLarge && error.detail.contains("more than 1048576 bytes"), "\(error)")
      #expect(steps < 20, "it goes on: \(steps)")
    }
    // A folder has no bytes.
    let lie = Member("images/", [1, 2, 3])
    #expect(try refusal(zip(Self.pair + [lie])).kind == .invalid)
  }

  @Test func `what is decoded is limited, each file and all of them`() throws {
    let side = 512
    let mask = npy([side, side], [UInt8](repeating: 0, count: side * side))
    let members = (0..<4).flatMap { [Member("images/\($0).npy", mask), Member("masks/\($0).npy", mask)] }
    let bytes = tar(members)
    #expect(try importing(bytes, limits: ImportLimits(maximumFileBytes: side * side)).count == 4)
    let small = try refusal(bytes, limits: ImportLimits(maximumFileBytes: side * side - 1))
    #expect(small.kind == .tooLarge && small.detail.contains("images/0.npy"), "\(small)")
    // What PNG unpacks counts as well as what the archive does.
    let png = try PNG.encode(grey: [UInt8](repeating: 0, count: side * side), height: side, width: side)
    let images = (0..<4).flatMap { [Member("images/\($0).png", png), Member("masks/\($0).png", png)] }
    let packed = deflated(tar(images))
    #expect(packed.count < 20_000)
    #expect(try importing(packed, limits: ImportLimits(maximumBytes: 8 * side * side)).count == 4)
    let all = try refusal(packed, limits: ImportLimits(maximumBytes: 8 * side * side - 1))
    #expect(all.kind == .tooLarge && all.detail.contains("decoded, the samples take more than"), "\(all)")
  }

  @Test func `members are counted, whatever they are`() throws {
    let folder = Member("images/").with { $0.type = UInt8(ascii: "5") }
    let litter = Member("__MACOSX/x")
    for (_, bytes) in Self.each([folder, litter] + Self.pair) {
      #expect(try importing(bytes, limits: ImportLimits(maximumFiles: 4)).count == 1)
      let error = try refusal(bytes, limits: ImportLimits(maximumFiles: 3))
      #expect(error.kind == .tooLarge && error.detail.contains("more than 3 members"), "\(error)")
    }
  }

  @Test func `a million and more members are refused, of zip before its directory fills memory`() throws {
    // Gzip members go one behind the other, so a thousand headers packed once do.
    let folder = tarMember(Member("images/").with { $0.type = UInt8(ascii: "5") })
    let thousand = deflated((0..<1024).flatMap { _ in folder })
    let error = try refusal((0..<1025).flatMap { _ in thousand })
    #expect(error.kind == .tooLarge && error.detail.contains("more than 1048576 members"), "\(error)")
    let members = [Member](repeating: Member("a"), count: 1 << 20 + 1)
    let zipped = try refusal(zip(members, declaredCount: 1))
    #expect(zipped.kind == .tooLarge && zipped.detail.contains("more than 1048576 members"), "\(zipped)")
  }

  @Test func `throwing from progress stops the import at any time, and leaves nothing`() throws {
    let stop = DataSetError(.unavailable, "archive: the server is shutting down")
    for name in ["set.zip", "set_ustar.tar.gz", "set_gnu.tar", "grey.npz"] {
      let bytes = try readFile(try fixture(name))
      var count = 0
      _ = try importing(bytes) { (_, _) throws(DataSetError) in count += 1 }
      #expect(count > 5)
      for last in 0..<count {
        var done = 0
        let error = try refusal(bytes) { (_, _) throws(DataSetError) in
          if done == last { throw stop }
          done += 1
        }
        #expect(error == stop && done == last)
      }
    }
  }

  @Test func `progress tells of members while there are no samples, and then of these`() throws {
    var steps: [(Int, Int)] = []
    let bytes = try readFile(try fixture("set_top.zip"))
    _ = try importing(bytes) { (done, count) throws(DataSetError) in steps.append((done, count)) }
    let unpacking = steps.prefix { $0.0 == 0 }
    #expect(unpacking.map(\.1) == unpacking.map(\.1).sorted() && unpacking.last?.1 == 14)
    #expect(steps.dropFirst(unpacking.count).map(\.0) == [1, 2, 3, 4])
    #expect(steps.dropFirst(unpacking.count).allSatisfy { $0.1 == 4 })
  }

  /// Whether this process may mount a file system: as root, but not in every container.
  private static let mayMount: Bool = {
    guard let folder = try? ScratchFolder(), mount("tmpfs", folder.path, "tmpfs", 0, "size=1m") == 0 else {
      return false
    }
    return umount2(folder.path, Int32(MNT_DETACH)) == 0
  }()

  @Test(.enabled(if: mayMount), arguments: [1, 5])
  func `a full disk ends it with the system's words, and nothing stays on the disk`(_ size: Int) throws {
    let disk = try ScratchFolder()
    #expect(mount("tmpfs", disk.path, "tmpfs", 0, "size=\(size)m") == 0)
    defer { umount2(disk.path, Int32(MNT_DETACH)) }
    // Of 3 MiB: with 1 there is no room to unpack it, with 5 none for the samples beside it.
    let array = npy([1024, 1536], [UInt8](repeating: 1, count: 1024 * 1536))
    let bytes = tar([Member("images/a.npy", array), Member("masks/a.npy", array)])
    for archive in [bytes, deflated(bytes)] {
      let error = failure { () throws(DataSetError) in
        try DataSet.importing(archive: TestBytes(archive), name: "archive", keptAs: "\(disk.path)/set")
      }
      #expect(error?.kind == .unavailable)
      #expect(error?.detail.contains("No space left on device") == true, "\(String(describing: error))")
      #expect(try disk.names == [])
      var space = statvfs()
      #expect(statvfs(disk.path, &space) == 0)
      #expect(space.f_bfree == space.f_blocks, "the disk is not empty")
    }
  }

  @Test func `a bit flipped anywhere gives an error or the same samples`() throws {
    // A plain tar archive has no checksum of the data, but PNG has.
    let files = try ["images/Z.png", "masks/Z.PNG", "images/größer.png", "masks/größer.PNG"].map {
      try Member(fixture: $0)
    }
    let archives = try ["set.zip", "set_streamed.zip", "set_ustar.tar.gz", "grey.npz", "grey_compressed.npz"]
      .map {
        try readFile(try fixture($0))
      }
    for bytes in archives + [tar(files)] {
      let digest = try importing(bytes).digest
      for at in bytes.indices {
        var changed = bytes
        changed[at] ^= 1 << UInt8(at % 8)
        let set: DataSet
        do throws(DataSetError) { set = try importing(changed) } catch { continue }
        #expect(set.digest == digest, "byte \(at)")
      }
    }
    #expect(try folder.names == [])
  }

  @Test func `bytes changed and cut at random never crash`() throws {
    var random = SystemRandomNumberGenerator()
    for name in [
      "set.zip", "set_top.zip", "set_streamed.zip", "set_pax.tar", "set_gnu.tar", "set_long_pax.tar.gz",
      "grey.npz",
    ] {
      let whole = try readFile(try fixture(name))
      for _ in 0..<300 {
        var bytes = whole
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          let at = Int.random(in: bytes.indices, using: &random)
          switch Int.random(in: 0..<4, using: &random) {
          case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
          case 1: bytes.remove(at: at)
          case 2: bytes.insert(bytes[at], at: at)
          default: bytes[at] = [0, 0x7F, 0x80, 0xFF, UInt8(ascii: "7")].randomElement(using: &random)!
          }
        }
        if Bool.random(using: &random) {
          bytes.removeLast(Int.random(in: 0..<bytes.count / 4, using: &random))
        }
        _ = failure { () throws(DataSetError) in
          let set = try importing(bytes)
          try set.verify()
        }
      }
    }
    #expect(try folder.names == [])
    #expect(try !holdsFile(of: folder.path))
  }
}
