import Glibc
import TestSupport
import Testing

@testable import Training

@Suite struct FolderImportTests {
  private let folder = try! ScratchFolder()
  private let scratch = try! ScratchFolder()

  private func importing() throws(DataSetError) -> DataSet {
    try DataSet.importing(folder.path, scratch: scratch.path)
  }

  /// An image and its mask as npy files.
  private func write(_ stem: String, image: [Int] = [4, 5], mask: [Int] = [4, 5]) throws {
    try folder.write("images/\(stem).npy", npy(image, ramp(image.reduce(1, *)).map(UInt8.init)))
    try folder.write("masks/\(stem).npy", npy(mask, labels(mask.reduce(1, *))))
  }

  @Test func `pairs come in the order of their stems' bytes, and hidden files do not matter`() throws {
    for stem in ["b", "a10", "a9", "Z", "ä", "a.b"] { try write(stem) }
    try folder.write(".DS_Store", [1])
    try folder.write("images/.hidden.png", [1])
    try folder.write("notes.txt", [1])
    let set = try importing()
    #expect((0..<set.count).map(set.name(of:)) == ["Z", "a.b", "a10", "a9", "b", "ä"])
    #expect(set.image(3) == ramp(20).map(Float.init))
    #expect(set.labels(3) == labels(20))
    #expect(try scratch.names == [])
  }

  @Test func `PNG and npy go together, and sizes may differ from sample to sample`() throws {
    try folder.copy("grey.png", as: "images/a.png")
    try folder.write("masks/a.npy", npy([4, 5], labels(20)))
    try folder.write("images/b.npy", npy([4, 5], ramp(20).map(UInt8.init)))
    try folder.copy("mask.png", as: "masks/b.PNG")
    try folder.copy("grey16.png", as: "images/c.png")
    try folder.copy("palette.png", as: "masks/c.png")
    try write("d", image: [2, 3], mask: [2, 3])
    let set = try importing()
    #expect(set.channels == 1 && set.largestLabel == 2)
    #expect(set.image(0) == set.image(1) && set.labels(0) == set.labels(1))
    #expect(set.image(2) == ramp(20).map { Float($0 * 256) })
    #expect(set.labels(2) == labels(20))
    #expect(set.size(of: 3) == (2, 3))
  }

  @Test(arguments: [[4, 5], [4, 5, 1], [1, 4, 5], [4, 1, 5], [4, 5, 1, 1]])
  func `NIfTI files of one slice go with all others, packed or not`(_ shape: [Int]) throws {
    // Their first axis is the fastest.
    func stored(_ values: [UInt8]) -> [UInt8] { (0..<20).map { values[$0 % 4 * 5 + $0 / 4] } }
    let (image, mask) = (ramp(20).map(UInt8.init), labels(20))
    try folder.write("images/a.nii.gz", deflated(nifti(shape, stored(image))))
    try folder.write("masks/a.nii", nifti(shape, stored(mask)))
    try folder.write("images/b.npy", npy([4, 5], image))
    try folder.write("masks/b.NII.GZ", deflated(nifti(shape, stored(mask))))
    let set = try importing()
    for index in 0..<2 {
      #expect(set.size(of: index) == (4, 5) && set.channels == 1)
      #expect(set.image(index) == ramp(20).map(Float.init) && set.labels(index) == mask)
    }
    #expect((0..<2).map(set.name(of:)) == ["a", "b"])
  }

  @Test func `an image and its mask lie in one place`() throws {
    var image = nifti([4, 5], ramp(20).map(UInt8.init))
    // The code of the affine, and the first numbers of its rows: 1 where the axes of the world are.
    image[254] = 1
    for (row, column) in [(0, 0), (1, 1), (2, 2)] {
      image.replaceSubrange(
        280 + 16 * row + 4 * column..<284 + 16 * row + 4 * column, with: [0, 0, 0x80, 0x3F])
    }
    var mask = image
    mask.replaceSubrange(352..., with: labels(20))
    try folder.write("images/a.nii", image)
    try folder.write("masks/a.nii", mask)
    #expect(try importing().count == 1)
    mask[283] = 0xBF
    try folder.write("masks/a.nii", mask)
    let error = try #require(failure { () throws(DataSetError) in try importing() })
    #expect(
      error.detail.contains("masks/a.nii lies elsewhere than") && error.detail.contains("is -1.0, not 1.0"),
      "\(error)")
  }

  @Test func `volumes are no samples, and the files are named`() throws {
    try folder.write("images/a.nii", nifti([4, 5, 2], [UInt8](repeating: 1, count: 40)))
    try folder.write("masks/a.nii.gz", deflated(nifti([4, 5, 2], [UInt8](repeating: 1, count: 40))))
    let error = try #require(failure { () throws(DataSetError) in try importing() })
    #expect(
      error.kind == .invalid && error.detail.contains("masks/a.nii.gz: a shape of (4, 5, 2)"), "\(error)")
    try folder.write("masks/a.nii.gz", deflated([1, 2, 3]))
    let other = try #require(failure { () throws(DataSetError) in try importing() })
    #expect(other.detail.hasSuffix("masks/a.nii.gz: the gzip stream holds no NIfTI file by its first bytes"))
  }

  @Test func `images of colours have three channels`() throws {
    for (name, image) in [("a", "colour"), ("b", "colour_alpha"), ("c", "palette")] {
      try folder.copy("\(image).png", as: "images/\(name).png")
      try folder.copy("mask.png", as: "masks/\(name).png")
    }
    let set = try importing()
    #expect(set.channels == 3)
    let expected = (0..<3).flatMap { channel in (0..<20).map { Float(ramp(60)[3 * $0 + channel]) } }
    #expect(set.image(0) == expected && set.image(1) == expected)
    let colours: [[Float]] = [[1, 40, 200], [2, 50, 210], [3, 60, 220]]
    #expect(set.image(2) == colours.flatMap { colour in labels(20).map { colour[Int($0)] } })
  }

  @Test(arguments: [
    ([4, 5], [4, 5], 1), ([4, 5, 1], [4, 5, 1], 1), ([1, 4, 5], [1, 4, 5], 1), ([4, 5, 3], [4, 5], 3),
    ([3, 4, 5], [4, 5], 3), ([2, 4, 5], [4, 5, 1], 2), ([4, 4, 4], [4, 4], 4), ([1, 1], [1, 1, 1], 1),
  ])
  func `these shapes go together`(_ image: [Int], _ mask: [Int], _ channels: Int) throws {
    try write("a", image: image, mask: mask)
    #expect(try importing().channels == channels)
  }

  @Test(arguments: [
    ([4, 5], [5, 4], "differ in height and width"), ([4, 5, 3], [4, 5, 2], "a mask is"),
    ([20], [4, 5], "an image is"),
    ([4, 5], [20], "a mask is"), ([4, 5, 1, 1], [4, 5], "an image is"), ([3, 4, 4], [4, 3], "differ in"),
  ])
  func `these do not, and the message names the files`(_ image: [Int], _ mask: [Int], _ words: String) throws
  {
    try write("a", image: image, mask: mask)
    let error = try #require(failure { () throws(DataSetError) in try importing() })
    #expect(error.kind == .invalid && error.detail.contains(words), "\(error)")
    #expect(error.detail.contains("/a.npy"))
  }

  @Test func `an image without a mask, and a mask without an image, are named`() throws {
    for index in 1...7 { try folder.write("images/i\(index).npy", npy([1, 1], [1])) }
    try folder.write("masks/i2.npy", npy([1, 1], [1]))
    var error = try #require(failure { () throws(DataSetError) in try importing() })
    #expect(
      error.detail.hasSuffix(
        "6 images without masks: 'i1.npy', 'i3.npy', 'i4.npy', 'i5.npy', 'i6.npy' and 1 more"))
    for index in 1...7 { try folder.write("masks/i\(index).npy", npy([1, 1], [1])) }
    try folder.write("masks/m.npy", npy([1, 1], [1]))
    error = try #require(failure { () throws(DataSetError) in try importing() })
    #expect(error.detail.hasSuffix("1 masks without images: 'm.npy'"))
  }

  @Test(arguments: [
    ("images/notes.txt", "images/notes.txt: neither .png, .npy, .nii.gz nor .nii"),
    ("images/a.png", "of one stem"),
    ("masks/sub/b.npy", "masks/sub: neither"), ("images/c.npy/d.npy", "without masks: 'c.npy'"),
    ("images/.png/x", ""),
  ])
  func `what else lies in the folders is told`(_ name: String, _ words: String) throws {
    try write("a")
    try folder.write(name, [1])
    let error = failure { () throws(DataSetError) in try importing() }
    #expect(error?.detail.contains(words) ?? words.isEmpty, "\(String(describing: error))")
  }

  @Test func `a folder in the place of a file, and a link to nowhere, are told`() throws {
    try write("a")
    try folder.write("images/c.npy/d.npy", [1])
    try folder.write("masks/c.npy", npy([1, 1], [1]))
    #expect(
      failure { () throws(DataSetError) in try importing() }?.detail.hasSuffix("images/c.npy: not a file")
        == true)
    let other = try ScratchFolder()
    try write("b")
    symlink("\(other.path)/none", "\(folder.path)/images/b2.npy")
    try folder.write("masks/b2.npy", npy([1, 1], [1]))
    #expect(failure { () throws(DataSetError) in try importing() }?.kind == .unavailable)
  }

  @Test func `a name that is not UTF-8 is told`() throws {
    try write("a")
    let name = Array("\(folder.path)/images/".utf8CString.dropLast()) + [-28, 0]
    close(creat(name, 0o600))
    let error = try #require(failure { () throws(DataSetError) in try importing() })
    #expect(error.kind == .invalid && error.detail.contains("is not UTF-8"), "\(error)")
  }

  @Test func `links to files are followed`() throws {
    try write("a")
    symlink("a.npy", "\(folder.path)/images/b.npy")
    symlink("a.npy", "\(folder.path)/masks/b.npy")
    #expect(try importing().count == 2)
  }

  @Test func `a folder without images or masks is told what it has, and empty ones that they are`() throws {
    try folder.write("images/a.npy", npy([1, 1], [1]))
    try folder.write("labels/a.npy", npy([1, 1], [1]))
    #expect(
      failure { () throws(DataSetError) in try importing() }?.detail.hasSuffix(
        "holds the folders 'images' and 'masks'; this one holds 'images', 'labels'") == true)
    let empty = try ScratchFolder()
    try empty.write("images/.x", [])
    try empty.write("masks/.x", [])
    #expect(
      failure { () throws(DataSetError) in try DataSet.importing(empty.path, scratch: scratch.path) }?.detail
        == "\(empty.path): there are no samples")
  }

  @Test func `channels that differ, broken files and values out of range are told with the file`() throws {
    try write("a")
    try write("b", image: [4, 5, 3])
    #expect(
      failure { () throws(DataSetError) in try importing() }?.detail
        == "\(folder.path)/images/b.npy: the image has 3 channels; those before it have 1")
    try folder.write("images/b.npy", [1, 2, 3])
    #expect(
      failure { () throws(DataSetError) in try importing() }?.detail
        == "\(folder.path)/images/b.npy: the file is neither npy, PNG nor NIfTI by its first bytes")
    try write("b")
    try folder.write("masks/b.npy", npy([4, 5], [UInt8](repeating: 0x42, count: 80), type: "<f4"))
    let error = try #require(failure { () throws(DataSetError) in try importing() })
    #expect(error.detail.contains("masks/b.npy: the mask has 48.56"))
    #expect(try scratch.names == [])
  }

  @Test func `files are counted`() throws {
    for stem in ["a", "b", "c"] { try write(stem) }
    let limits = ImportLimits(maximumFiles: 2)
    #expect(
      failure { () throws(DataSetError) in
        try DataSet.importing(folder.path, scratch: scratch.path, limits: limits)
      }?.kind == .tooLarge)
  }
}
