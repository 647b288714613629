import Glibc
import Model
import Node

/// Values as people read them; programs take `-o json`.
enum HumanText {
  static func cpu(_ millicores: Int) -> String { QuantityText.cpu(millicores) }

  static func bytes(_ count: Int) -> String { QuantityText.bytes(count) }

  static func amounts(_ amounts: Amounts) -> String {
    amounts.isZero ? "none" : "\(cpu(amounts.cpuMillicores)) cpu, \(bytes(amounts.memoryBytes))"
  }

  /// A weight or share with three decimals.
  static func ppm(_ value: Int) -> String {
    let thousandths = (value.magnitude + 500) / 1_000
    return "\(value < 0 ? "-" : "")\(thousandths / 1_000).\(padded(Int(thousandths % 1_000), 3))"
  }

  /// Credits with up to six decimals.
  static func credits(_ micro: Int) -> String { QuantityText.credits(micro: micro) }

  static func duration(_ milliseconds: Int64) -> String {
    switch milliseconds {
    case ..<1_000: "\(max(0, milliseconds))ms"
    case ..<10_000: "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100)s"
    case ..<120_000: "\(milliseconds / 1_000)s"
    case ..<3_600_000: "\(milliseconds / 60_000)m\(padded(Int(milliseconds / 1_000 % 60), 2))s"
    case ..<172_800_000: "\(milliseconds / 3_600_000)h\(padded(Int(milliseconds / 60_000 % 60), 2))m"
    default: "\(milliseconds / 86_400_000)d"
    }
  }

  /// Short times to a hundredth of a millisecond.
  static func duration(microseconds: Int64) -> String {
    guard microseconds < 100_000 else { return duration(microseconds / 1_000) }
    let hundredths = (max(0, microseconds) + 5) / 10
    return "\(hundredths / 100).\(padded(Int(hundredths % 100), 2))ms"
  }

  /// Since then, by this machine's clock.
  static func age(_ milliseconds: Int64) -> String { duration(now() - milliseconds) }

  static func now() -> Int64 { Wall.milliseconds() }

  /// `HH:MM:SS.mmm` in UTC, which a column's title must say; `-` for no time.
  static func clock(_ milliseconds: Int64) -> String {
    guard milliseconds > 0 else { return "-" }
    let fields = universal(milliseconds)
    return "\(padded(Int(fields.tm_hour), 2)):\(padded(Int(fields.tm_min), 2)):\(padded(Int(fields.tm_sec), 2))"
      + ".\(padded(Int(milliseconds % 1_000), 3))"
  }

  /// In UTC, as all times are: what nodes in several places say stands side by side.
  ///
  /// - Parameter named: whether to say so, which a column's title does otherwise.
  static func dateAndClock(_ milliseconds: Int64, named: Bool = true) -> String {
    let fields = universal(milliseconds)
    return "\(fields.tm_year + 1_900)-\(padded(Int(fields.tm_mon) + 1, 2))-\(padded(Int(fields.tm_mday), 2)) "
      + clock(milliseconds) + (named ? " UTC" : "")
  }

  private static func universal(_ milliseconds: Int64) -> tm {
    var seconds = time_t(milliseconds / 1_000)
    var fields = tm()
    gmtime_r(&seconds, &fields)
    return fields
  }

  private static func padded(_ number: Int, _ digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
