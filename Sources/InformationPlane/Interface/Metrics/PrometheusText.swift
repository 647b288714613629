/// The spelling of Prometheus' text format.
enum PrometheusText {
  static func line(_ name: String, _ labels: String, _ value: String) -> String {
    labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
  }

  /// The lines above a name's series.
  static func head(_ name: String, _ kind: String, _ help: String) -> String {
    let text = help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    return "# HELP \(name) \(text)\n# TYPE \(name) \(kind)\n"
  }

  /// `[a-zA-Z_:][a-zA-Z0-9_:]*`.
  static func name(_ label: String) -> String {
    let characters = label.unicodeScalars.map { scalar -> Character in
      let allowed = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == ":")
      return allowed ? Character(scalar) : "_"
    }
    let text = String(characters)
    return text.first.map { !$0.isNumber } == true ? text : "_" + text
  }

  /// Labels between the braces, sorted by name.
  static func labels(_ dimensions: [(String, String)]) -> String {
    dimensions.map { ("\(name($0.0))", escaped($0.1)) }
      .sorted { $0 < $1 }
      .map { "\($0.0)=\"\($0.1)\"" }
      .joined(separator: ",")
  }

  static func number(_ value: Double) -> String {
    value == value.rounded() && value.magnitude < 1e15 ? "\(Int64(value))" : "\(value)"
  }

  private static func escaped(_ text: String) -> String {
    var out = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": out += "\\\\"
      case "\"": out += "\\\""
      case "\n": out += "\\n"
      default: out.unicodeScalars.append(character)
      }
    }
    return out
  }
}
