/// Points in time as people write them, in UTC. The core has no calendar of a system's to ask.
public enum CalendarTime {
  private static let dayMilliseconds: Int64 = 86_400_000

  /// `2026-11-21 05:50:41 UTC`, by the Gregorian calendar.
  ///
  /// - Parameter milliseconds: since 1970-01-01T00:00:00Z.
  public static func text(_ milliseconds: Int64) -> String {
    // Where a year has more than four digits no date helps anybody.
    guard (0..<253_402_300_800_000).contains(milliseconds) else {
      return "\(milliseconds) ms after 1970-01-01 00:00:00 UTC"
    }
    let seconds = Int(milliseconds % dayMilliseconds / 1_000)
    let clock = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map(padded).joined(separator: ":")
    let (year, month, day) = date(Int(milliseconds / dayMilliseconds))
    return "\(year)-\(padded(month))-\(padded(day)) \(clock) UTC"
  }

  /// Years begin in March here, so that the leap day is a year's last, and the calendar repeats every 146,097 days.
  private static func date(_ daysSince1970: Int) -> (year: Int, month: Int, day: Int) {
    let days = daysSince1970 + 719_468
    let dayOfEra = days % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let fromMarch = (5 * dayOfYear + 2) / 153
    let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
    let year = days / 146_097 * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * fromMarch + 2) / 5 + 1)
  }

  private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
