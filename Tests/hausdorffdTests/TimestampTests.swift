import Testing

@testable import hausdorffd

struct TimestampTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
    (951_782_400_000, "2000-02-29T00:00:00.000Z"),
    (951_868_799_999, "2000-02-29T23:59:59.999Z"), (951_868_800_000, "2000-03-01T00:00:00.000Z"),
    (1_709_164_800_123, "2024-02-29T00:00:00.123Z"), (1_798_761_599_000, "2026-12-31T23:59:59.000Z"),
    (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
  ])
  func `Milliseconds since 1970 are written in RFC 3339`(milliseconds: Int, text: String) {
    #expect(Timestamp.text(milliseconds) == text)
  }
}
