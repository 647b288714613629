import Engine

/// What to type next, so that it works where this command was given.
enum NextStep {
  /// Adds the node that this command was told to talk to, unless the text names one or is no single command.
  static func completed(_ text: String, arguments: [String] = CommandLine.arguments) -> String {
    guard text.hasPrefix("jointcloud "), !text.contains(where: { ",;".contains($0) }),
      !["--data", "--http", "--file", "--help", " help "].contains(where: text.contains),
      let option = nodeOption(arguments)
    else { return text }
    return text + " " + option
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
