import Foundation
import Testing

@testable import Training

@Suite struct NPZImportTests {
  private let folder = try! ScratchFolder()

  private func importing(_ name: String) throws(DataSetError) -> DataSet {
    let path: String
    do { path = try fixture("\(name).npz") } catch { fatalError("\(error)") }
    return try DataSet.importing(path, scratch: folder.path)
  }

  @Test(arguments: [
    "grey", "grey_compressed", "one_channel", "fortran", "big_endian", "masks_float", "masks_int64", "extra",
  ])
  func `what NumPy saves is read, compressed or not, in any order and type`(_ name: String) throws {
    let set = try importing(name)
    #expect(set.count == 3 && set.channels == 1 && set.largestLabel == 2)
    for index in 0..<3 {
      #expect(set.name(of: index) == "\(index)")
      #expect(set.size(of: index) == (4, 5))
      #expect(set.image(index) == ramp(60)[20 * index..<20 * (index + 1)].map(Float.init))
      #expect(set.labels(index) == Array(labels(60)[20 * index..<20 * (index + 1)]))
    }
    #expect(try folder.names == [])
  }

  @Test(arguments: ["channels_last", "channels_first"])
  func `channels come first, wherever they were`(_ name: String) throws {
    let set = try importing(name)
    #expect(set.channels == 3)
    for index in 0..<3 {
      let expected = (0..<3).flatMap { channel in
        (0..<20).map { Float(ramp(180)[60 * index + 3 * $0 + channel]) }
      }
      #expect(set.image(index) == expected)
    }
  }

  @Test func `where channels may be first or last they are last`() throws {
    let set = try importing("either")
    #expect(set.channels == 4)
    #expect(set.image(0).prefix(3) == [0, 28, 56])
    #expect(!set.hasForeground && set.largestLabel == 0)
  }

  @Test func `masks may be booleans`() throws {
    let set = try importing("masks_bool")
    #expect(set.largestLabel == 1)
    #expect(set.labels(0) == labels(20).map { min($0, 1) })
  }

  @Test(arguments: [
    "bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32",
    "float64",
  ])
  func `images of every type give the same numbers`(_ type: String) throws {
    let values = ramp(60)[20..<40].map { Float($0 / 2) }
    #expect(try importing("type_\(type)").image(1) == (type == "bool" ? values.map { min($0, 1) } : values))
  }

  @Test func `the order and the compression of an archive do not change the digest`() throws {
    #expect(try importing("grey").digest == importing("grey_compressed").digest)
    #expect(try importing("grey").digest == importing("fortran").digest)
    #expect(try importing("channels_last").digest == importing("channels_first").digest)
    #expect(try importing("grey").digest != importing("type_float32").digest)
  }

  @Test func `a file that is kept is the same, and alone in its folder`() throws {
    let path = "\(folder.path)/kept"
    var steps: [[Int]] = []
    let kept = try DataSet.importing(try fixture("grey.npz"), keptAs: path) { done, count in
      steps.append([done, count])
    }
    #expect(Set(steps.dropLast(3)) == [[0, 1], [0, 2]])
    #expect(steps.suffix(3) == [[1, 3], [2, 3], [3, 3]])
    #expect(try DataSet(path: path).digest == importing("grey").digest)
    #expect(kept.byteCount == (try readFile(path)).count)
    #expect(try folder.names == ["kept"])
  }

  @Test(arguments: [
    ("nan", "images[2]: the image has nan at row 1, column 3, not"),
    ("infinite", "images[2]: the image has -inf at row 1, column 3, channel 1"),
    ("beyond_float32", "images[2]: the image has 1e+39 at row 1, column 3"),
    ("mask_half", "masks[2]: the mask has 0.5 at row 1, column 3"),
    ("mask_negative", "masks[2]: the mask has -1.0 at row 1"), ("mask_large", "masks[2]: the mask has 256.0"),
    ("mask_nan", "masks[2]: the mask has nan"), ("no_masks", "this one holds 'images.npy'"),
    ("names", "this one holds 'arr_0.npy', 'arr_1.npy'"),
    ("count", "images of shape (3, 4, 5) and masks of (2, 4, 5) differ in number"),
    ("size", "each of images of (4, 5) and each of masks of (4, 4) differ in height and width"),
    ("image_rank", "differ in number"), ("image_rank5", "a shape of (4, 5, 1, 1); an image is"),
    ("one_hot", "each of masks: a shape of (4, 5, 3); a mask is"), ("object", "images: npy dtype 'O'"),
    ("complex", "images: npy dtype '<c8'"), ("no_samples", "images: shape [0, 4, 5] has an axis of length 0"),
    ("checksum", "the archive is damaged"),
  ])
  func `what is wrong is named, with its place, and nothing is left behind`(
    _ name: String, _ words: String
  ) throws {
    let error = try #require(failure { () throws(DataSetError) in try importing("bad_\(name)") })
    #expect(error.kind == .invalid)
    #expect(error.detail.contains(words), "\(error)")
    #expect(error.detail.contains("bad_\(name).npz"))
    #expect(try folder.names == [])
  }

  @Test(arguments: [
    ("bad_twice.zip", "two arrays 'images'"), ("bad_no_npy.zip", "images: not an npy file"),
    ("bad_npy_cut_short.zip", "images: the npy file holds"), ("members.zip", "this one holds 'a.txt'"),
    ("grey.png", "neither npz, zip, tar nor tar.gz"),
  ])
  func `other files are refused`(_ name: String, _ words: String) throws {
    let path = try fixture(name)
    let error = try #require(
      failure { () throws(DataSetError) in try DataSet.importing(path, scratch: folder.path) })
    #expect(error.kind == .invalid && error.detail.contains(words), "\(error)")
  }

  @Test func `a scratch folder that is not there, and a file that is not, are told`() throws {
    let path = try fixture("grey.npz")
    for (path, scratch) in [(path, "/nowhere"), ("/nowhere.npz", folder.path)] {
      let error = failure { () throws(DataSetError) in try DataSet.importing(path, scratch: scratch) }
      #expect(error?.kind == .unavailable && error?.detail.contains("/nowhere") == true)
    }
  }

  @Test func `limits hold for the decompressed bytes`() throws {
    let path = try fixture("grey_compressed.npz")
    func importing(_ bytes: Int) -> DataSetError? {
      failure { () throws(DataSetError) in
        try DataSet.importing(path, scratch: folder.path, limits: ImportLimits(maximumBytes: bytes))
      }
    }
    // Two headers of 128 bytes, 60 values of 4 bytes and 60 of 1.
    #expect(importing(2 * 128 + 300) == nil)
    #expect(importing(2 * 128 + 299)?.kind == .tooLarge)
  }

  @Test(arguments: ["grey.npz", "grey_compressed.npz"])
  func `an archive cut short anywhere is refused, and one with a bit flipped never crashes`(_ name: String)
    throws
  {
    let bytes = try readFile(try fixture(name))
    for count in 0..<bytes.count {
      let path = try folder.write("cut.npz", Array(bytes[..<count]))
      let error = failure { () throws(DataSetError) in try DataSet.importing(path, scratch: folder.path) }
      #expect(error?.kind == .invalid, "\(count) of \(bytes.count)")
    }
    for at in bytes.indices {
      var flipped = bytes
      flipped[at] ^= 1 << UInt8(at % 8)
      let path = try folder.write("flipped.npz", flipped)
      _ = failure { () throws(DataSetError) in
        let set = try DataSet.importing(path, scratch: folder.path)
        precondition(set.image(set.count - 1).count == set.channels * set.labels(set.count - 1).count)
      }
    }
    #expect(try folder.names == ["cut.npz", "flipped.npz"])
  }
}
