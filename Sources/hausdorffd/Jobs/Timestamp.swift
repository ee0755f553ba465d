import Glibc

/// Times as the API writes them.
enum Timestamp {
  /// The time now.
  static var now: String {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return text(time.tv_sec * 1000 + time.tv_nsec / 1_000_000)
  }

  /// Milliseconds since 1970 as RFC 3339 has them, in UTC, such as `2026-01-31T12:00:00.000Z`.
  static func text(_ milliseconds: Int) -> String {
    let (day, rest) = (
      Int((Double(milliseconds) / 86_400_000).rounded(.down)),
      ((milliseconds % 86_400_000) + 86_400_000) % 86_400_000
    )
    let (year, month, date) = civil(day)
    let time = [rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60].map { padded($0, 2) }
    return
      "\(padded(year, 4))-\(padded(month, 2))-\(padded(date, 2))T\(time.joined(separator: ":")).\(padded(rest % 1000, 3))Z"
  }

  /// Year, month and day of month, by days since 1970 in the Gregorian calendar. Years begin in March here, so that the leap day
  /// comes last, and 400 of them have 146,097 days.
  private static func civil(_ day: Int) -> (Int, Int, Int) {
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }

  private static func padded(_ number: Int, _ digits: Int) -> String {
    let text = "\(number)"
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
