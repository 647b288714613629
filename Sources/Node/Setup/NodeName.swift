/// What a node or network may be called: short and printable, so that it can stand in tables and paths.
public enum NodeName {
  public static let byteLimit = 63
  public static let rule = "1 to 63 of a-z, A-Z, 0-9, '.', '_' and '-', beginning with a letter or digit"

  public static func allows(_ name: String) -> Bool {
    guard (1...byteLimit).contains(name.utf8.count), let first = name.utf8.first, isAlphanumeric(first) else {
      return false
    }
    return name.utf8.allSatisfy { isAlphanumeric($0) || [0x2d, 0x2e, 0x5f].contains($0) }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
  }
}
