import Testing

@testable import hausdorffd

struct TraceParentTests {
  private static let trace = "0af7651916cd43dd8448eb211c80319c"
  private static let span = "b7ad6b7169203331"

  @Test(arguments: [
    "00-\(trace)-\(span)-01", "00-\(trace)-\(span)-00", "cc-\(trace)-\(span)-01-what-comes-later",
  ])
  func `A header of the standard has its ids`(_ header: String) throws {
    let found = try #require(TraceParent(header))
    #expect(found.traceID == Self.trace && found.parentID == Self.span)
  }

  @Test(arguments: [
    "", "00", "00-\(trace)-\(span)", "ff-\(trace)-\(span)-01", "00-\(trace)-\(span)-01-more",
    "00-\(trace.uppercased())-\(span)-01", "00-\(String(repeating: "0", count: 32))-\(span)-01",
    "00-\(trace)-0000000000000000-01", "00-\(trace)x-\(span)-01", "00-\(trace)-\(span)-1",
    "0-\(trace)-\(span)-01",
  ]) func `Anything else is passed over`(_ header: String) { #expect(TraceParent(header) == nil) }
}
