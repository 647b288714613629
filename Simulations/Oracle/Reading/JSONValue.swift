/// What the reader makes of JSON: integers only, as the protocol's canonical form has it.
indirect enum JSONValue: Hashable, Sendable {
  case null
  case truth(Bool)
  case number(Int)
  case text(String)
  case list([JSONValue])
  case object([JSONMember])

  /// The value of a member, if this is an object that has it.
  subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// The canonical bytes (RFC 8785).
  var canonical: [UInt8] {
    var out: [UInt8] = []
    write(to: &out)
    return out
  }

  /// Every text in it, at any depth; names of members are not among them.
  func texts(into found: inout [String]) {
    switch self {
    case .null, .truth, .number: break
    case .text(let text): found.append(text)
    case .list(let items): for item in items { item.texts(into: &found) }
    case .object(let members): for member in members { member.value.texts(into: &found) }
    }
  }

  private func write(to out: inout [UInt8]) {
    switch self {
    case .null: out += "null".utf8
    case .truth(let truth): out += (truth ? "true" : "false").utf8
    case .number(let number): out += String(number).utf8
    case .text(let text): Self.write(text, to: &out)
    case .list(let items):
      out.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        item.write(to: &out)
      }
      out.append(UInt8(ascii: "]"))
    case .object(let members):
      out.append(UInt8(ascii: "{"))
      let ordered = members.sorted { $0.name.utf16.lexicographicallyPrecedes($1.name.utf16) }
      for (index, member) in ordered.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        Self.write(member.name, to: &out)
        out.append(UInt8(ascii: ":"))
        member.value.write(to: &out)
      }
      out.append(UInt8(ascii: "}"))
    }
  }

  private static func write(_ text: String, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): out += "\\\"".utf8
      case UInt8(ascii: "\\"): out += "\\\\".utf8
      case 0x08: out += "\\b".utf8
      case 0x09: out += "\\t".utf8
      case 0x0A: out += "\\n".utf8
      case 0x0C: out += "\\f".utf8
      case 0x0D: out += "\\r".utf8
      case 0..<0x20: out += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
      default: out.append(byte)
      }
    }
    out.append(UInt8(ascii: "\""))
  }
}

/// A member of an object.
struct JSONMember: Hashable, Sendable {
  let name: String
  let value: JSONValue
}
