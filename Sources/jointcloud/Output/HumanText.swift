import Glibc
import Model
import Node

/// Values as people read them; programs take `-o json`.
enum HumanText {
  static func cpu(_ millicores: Int) -> String {
    millicores % 1_000 == 0 ? "\(millicores / 1_000)" : "\(millicores)m"
  }

  static func bytes(_ count: Int) -> String {
    for (unit, shift) in [("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)] where count >= 1 << shift {
      let tenths = count * 10 / (1 << shift)
      return tenths % 10 == 0 || tenths >= 1_000 ? "\(tenths / 10)\(unit)" : "\(tenths / 10).\(tenths % 10)\(unit)"
    }
    return "\(count)"
  }

  static func amounts(_ amounts: Amounts) -> String {
    amounts.isZero ? "none" : "\(cpu(amounts.cpuMillicores)) cpu, \(bytes(amounts.memoryBytes))"
  }

  /// A weight or share with three decimals.
  static func ppm(_ value: Int) -> String {
    let thousandths = (value.magnitude + 500) / 1_000
    return "\(value < 0 ? "-" : "")\(thousandths / 1_000).\(padded(Int(thousandths % 1_000), 3))"
  }

  /// Credits with up to six decimals.
  static func credits(_ micro: Int) -> String {
    var fraction = padded(Int(micro.magnitude % 1_000_000), 6)
    while fraction.count > 1, fraction.hasSuffix("0") { fraction.removeLast() }
    return "\(micro < 0 ? "-" : "")\(micro.magnitude / 1_000_000).\(fraction)"
  }

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

  /// Since then, by this machine's clock.
  static func age(_ milliseconds: Int64) -> String { duration(now() - milliseconds) }

  static func now() -> Int64 { Wall.milliseconds() }

  /// `HH:MM:SS.mmm`, local time; `-` for no time.
  static func clock(_ milliseconds: Int64) -> String {
    guard milliseconds > 0 else { return "-" }
    let fields = local(milliseconds)
    return "\(padded(Int(fields.tm_hour), 2)):\(padded(Int(fields.tm_min), 2)):\(padded(Int(fields.tm_sec), 2))"
      + ".\(padded(Int(milliseconds % 1_000), 3))"
  }

  static func dateAndClock(_ milliseconds: Int64) -> String {
    let fields = local(milliseconds)
    return "\(fields.tm_year + 1_900)-\(padded(Int(fields.tm_mon) + 1, 2))-\(padded(Int(fields.tm_mday), 2)) "
      + clock(milliseconds)
  }

  private static func local(_ milliseconds: Int64) -> tm {
    var seconds = time_t(milliseconds / 1_000)
    var fields = tm()
    localtime_r(&seconds, &fields)
    return fields
  }

  private static func padded(_ number: Int, _ digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
