/// Lowercase hexadecimal text; upper case and odd lengths are refused, so that a value has one spelling.
public enum Hexadecimal {
  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.underestimatedCount * 2)
    for byte in bytes {
      out.append(digit(byte >> 4))
      out.append(digit(byte & 15))
    }
    return String(decoding: out, as: UTF8.self)
  }

  public static func decode(_ text: some StringProtocol) -> [UInt8]? {
    var characters = text.utf8.makeIterator()
    var out: [UInt8] = []
    out.reserveCapacity(text.utf8.count / 2)
    while let first = characters.next() {
      guard let high = value(first), let second = characters.next(), let low = value(second) else { return nil }
      out.append(high << 4 | low)
    }
    return out
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
  }

  /// What one digit stands for.
  static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
