/// Amounts with units as people write them; all exact, none through floating point.
package enum Quantities {
  /// `2`, `0.5` or `500m`, in thousandths of a core.
  package static func millicores(_ text: String) -> Int? {
    if text.hasSuffix("m") { return integer(text.dropLast()) }
    return decimal(text, fractionDigits: 3)
  }

  /// `4096`, `64Ki`, `512Mi`, `2Gi`, in bytes.
  package static func bytes(_ text: String) -> Int? {
    for (unit, factor) in [("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30)] where text.hasSuffix(unit) {
      return integer(text.dropLast(2)).flatMap { product($0, factor) }
    }
    return integer(text[...])
  }

  /// `250ms`, `10s`, `5m`, `1h`, in milliseconds.
  package static func milliseconds(_ text: String) -> Int? {
    for (unit, factor) in [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)] where text.hasSuffix(unit) {
      return integer(text.dropLast(unit.count)).flatMap { product($0, factor) }
    }
    return nil
  }

  /// `0.0025` credits, in millionths.
  package static func microcredits(_ text: String) -> Int? {
    decimal(text, fractionDigits: 6)
  }

  /// An integer with an optional minus, nothing else.
  package static func signedInteger(_ text: String) -> Int? {
    text.hasPrefix("-") ? integer(text.dropFirst()).map { -$0 } : integer(text[...])
  }

  /// Up to 16 digits.
  private static func integer(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.utf8.count <= 16, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(text)
  }

  private static func decimal(_ text: String, fractionDigits: Int) -> Int? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard let whole = parts.first.flatMap({ integer($0) }), parts.count <= 2 else { return nil }
    let scale = (0..<fractionDigits).reduce(1) { scale, _ in scale * 10 }
    guard let scaled = product(whole, scale) else { return nil }
    guard parts.count == 2 else { return scaled }
    guard (1...fractionDigits).contains(parts[1].utf8.count) else { return nil }
    let padded = parts[1] + String(repeating: "0", count: fractionDigits - parts[1].utf8.count)
    return integer(padded[...]).map { scaled + $0 }
  }

  private static func product(_ number: Int, _ factor: Int) -> Int? {
    let (result, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow ? nil : result
  }
}
