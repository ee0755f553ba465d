import Testing

@testable import hausdorffd

/// The letters that name axes.
struct LayoutTests {
  @Test func `There are twelve layouts`() {
    let expected: Set = [
      "HW", "HWC", "CHW", "BHW", "BHWC", "BCHW", "DHW", "DHWC", "CDHW", "BDHW", "BDHWC", "BCDHW",
    ]
    #expect(Set(Layout.names) == expected && Layout.names.count == 12)
  }

  @Test(arguments: Layout.names) func `A layout is known in either case and splits a shape`(_ name: String)
    throws
  {
    let layout = try #require(Layout(name: name.lowercased()))
    #expect(layout == Layout(name: name) && layout.name == name)
    let extents: [Character: Int] = ["B": 7, "D": 2, "H": 3, "W": 4, "C": 5]
    let split = try #require(layout.split(name.map { extents[$0]! }))
    #expect(split.batch == (name.contains("B") ? 7 : 1))
    #expect(split.channels == (name.contains("C") ? 5 : 1))
    #expect(split.space == (name.contains("D") ? [2, 3, 4] : [3, 4]))
    #expect(layout.split([Int](repeating: 1, count: name.count + 1)) == nil)
    #expect(layout.split([Int](repeating: 1, count: name.count - 1)) == nil)
  }

  @Test(arguments: ["", "H", "WH", "HWB", "CBHW", "BHCW", "HWD", "BHWX", "HWHW", " HW", "ΗW"])
  func `Other letters are no layout`(_ name: String) {
    #expect(Layout(name: name) == nil)
  }

  @Test func `The usual layout is told by the number of axes`() {
    #expect((0...7).map { Layout(rank: $0)?.name } == [nil, nil, "HW", "BHW", "BHWC", nil, nil, nil])
  }
}
