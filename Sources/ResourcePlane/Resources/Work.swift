public import Model

/// One file that an attempt reads, already in the node's object store.
public struct StagedInput: Hashable, Sendable {
  /// The input's name in the manifest: a letter, then letters, digits, `-` and `_`.
  public let name: String
  /// Where it appears below `/inputs/NAME/`.
  public let relativePath: String
  /// The file's path on this node. It is only ever read.
  public let file: String

  public init(name: String, relativePath: String, file: String) {
    self.name = name
    self.relativePath = relativePath
    self.file = file
  }

  /// The environment variable that tells the command where the input is.
  public static func variable(for name: String) -> String {
    "INPUT_" + name.uppercased().replacing("-", with: "_")
  }
}

/// What an adapter runs for one attempt.
public struct Work: Hashable, Sendable {
  public enum Command: Hashable, Sendable {
    /// The program, looked up in `PATH`, and its arguments.
    case arguments([String])
    /// Text run by `sh -eu`.
    case script(String)
  }

  public let attempt: AttemptID
  public let command: Command
  /// What the manifest sets; nothing of the node's own environment is passed on.
  public let environment: [String: String]
  /// Files whose bytes, one after the other, are the command's standard input.
  public let standardInput: [String]
  public let inputs: [StagedInput]
  /// Paths of result files, relative to the working directory.
  public let results: [String]
  public let amounts: Amounts
  public let executeTimeout: Duration
  /// For each of standard output, standard error and the result files.
  public let outputLimitBytes: Int

  public init(
    attempt: AttemptID, command: Command, environment: [String: String] = [:], standardInput: [String] = [],
    inputs: [StagedInput] = [], results: [String] = [], amounts: Amounts, executeTimeout: Duration,
    outputLimitBytes: Int = 16 << 20
  ) {
    self.attempt = attempt
    self.command = command
    self.environment = environment
    self.standardInput = standardInput
    self.inputs = inputs
    self.results = results
    self.amounts = amounts
    self.executeTimeout = executeTimeout
    self.outputLimitBytes = outputLimitBytes
  }

  /// The first thing in this work that no adapter could run, or nil. Adapters refuse such work at `submit`.
  public func problem() -> String? {
    switch command {
    case .arguments(let arguments):
      guard let program = arguments.first, !program.isEmpty else { return "the command is empty" }
      if arguments.contains(where: { $0.utf8.contains(0) }) { return "the command holds a zero byte" }
    case .script(let text):
      if text.isEmpty { return "the script is empty" }
      if text.utf8.contains(0) { return "the script holds a zero byte" }
    }
    for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
      if !Self.isVariableName(name) { return "environment variable \"\(name)\": not a name that a shell can hold" }
      if value.utf8.contains(0) { return "environment variable \"\(name)\": its value holds a zero byte" }
    }
    for input in inputs {
      if !Self.isInputName(input.name) {
        return "input \"\(input.name)\": a name is a letter, then letters, digits, - and _"
      }
      if !Self.isContained(input.relativePath) {
        return "input \"\(input.name)\": path \"\(input.relativePath)\" is not inside its folder"
      }
    }
    for path in results where !Self.isContained(path) {
      return "result \"\(path)\": not a path inside the working directory"
    }
    if amounts.cpuMillicores < 0 || amounts.memoryBytes < 0 { return "its amounts are negative" }
    if executeTimeout <= .zero { return "its execute timeout is not positive" }
    return nil
  }

  private static func isVariableName(_ name: String) -> Bool {
    guard let first = name.utf8.first, isLetter(first) || first == UInt8(ascii: "_") else { return false }
    return name.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") }
  }

  private static func isInputName(_ name: String) -> Bool {
    guard let first = name.utf8.first, isLetter(first) else { return false }
    return name.utf8.allSatisfy {
      isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
    }
  }

  /// Relative, normal, below its folder.
  private static func isContained(_ path: String) -> Bool {
    guard !path.isEmpty, !path.utf8.contains(0) else { return false }
    return path.split(separator: "/", omittingEmptySubsequences: false)
      .allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
