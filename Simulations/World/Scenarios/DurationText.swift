/// Times as a scenario writes them: a whole number and `ms`, `s`, `m` or `h`.
enum DurationText {
  private static let units: [(suffix: String, milliseconds: Int64)] = [
    ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000),
  ]
  /// A year: longer spans are mistakes.
  private static let limitMilliseconds: Int64 = 365 * 24 * 3_600_000

  /// - Returns: milliseconds; nil for what is no time.
  static func milliseconds(_ text: String) -> Int64? {
    guard let unit = units.first(where: { text.hasSuffix($0.suffix) }),
      let number = Int64(text.dropLast(unit.suffix.count)), abs(number) <= limitMilliseconds / unit.milliseconds
    else { return nil }
    return number * unit.milliseconds
  }
}
