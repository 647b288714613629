import Engine

/// What to type next, so that it works where this command was given.
enum NextStep {
  /// Adds the node that this command was told to talk to, to each command that stands by itself and names none: those
  /// at the start or after a colon, and those after ", or ".
  static func completed(_ text: String, arguments: [String] = CommandLine.arguments) -> String {
    guard let option = nodeOption(arguments) else { return text }
    var words = ""
    var commands = text
    if !text.hasPrefix(program), let colon = text.firstRange(of: ": " + program) {
      words = text[..<colon.lowerBound] + ": "
      commands = String(text[colon.lowerBound...].dropFirst(2))
    }
    let parts = commands.split(separator: alternative, omittingEmptySubsequences: false).map(String.init)
    guard parts.allSatisfy(mayBeCompleted) else { return text }
    return words + parts.map { $0 + " " + option }.joined(separator: alternative)
  }

  private static let program = "jointcloud "
  private static let alternative = ", or "

  private static func mayBeCompleted(_ command: String) -> Bool {
    command.hasPrefix(program) && !command.contains(where: { ",;".contains($0) })
      && !["--data", "--http", "--file", "--help", "--version", " help "].contains(where: command.contains)
  }

  private static func nodeOption(_ arguments: [String]) -> String? {
    for name in ["--data", "--http"] {
      for (index, argument) in arguments.enumerated() {
        if argument.hasPrefix(name + "=") {
          return "\(name) \(ShellWord.quoted(String(argument.dropFirst(name.count + 1))))"
        }
        if argument == name, index + 1 < arguments.count { return "\(name) \(ShellWord.quoted(arguments[index + 1]))" }
      }
    }
    return nil
  }
}
