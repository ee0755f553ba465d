import FuzzInput
import MaskFormats

@main struct FuzzNPY {
  static func main() {
    run { start, count in
      do throws(FormatError) {
        check(try NPY.decode(FuzzInput(start, count: count), limits: fuzzLimits))
      } catch {
        check(error)
      }
      return 0
    }
  }
}
