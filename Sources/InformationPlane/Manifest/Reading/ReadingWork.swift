internal import Coordination
internal import Model

enum SubtaskLimit {
  static let count = TaskSpecification.subtaskLimit
}

/// What is run, with what, and how long.
extension FieldReader {
  /// The longest command or script, in bytes.
  private static let workByteLimit = 512 * 1_024

  mutating func work(_ owner: Value, _ fields: [String: Value]) -> TaskManifest.Work {
    switch (fields["command"], fields["script"]) {
    case (let command?, let script?):
      report(
        script, "both command and script are given", "keep one of them; command stands in line \(command.place.line)")
    case (let command?, nil):
      return .command(words(command))
    case (nil, let script?):
      return .script(text(script, limit: Self.workByteLimit) ?? "")
    case (nil, nil):
      report(owner, "neither command nor script is given", "write command: [program, argument] or script: |")
    }
    return .script("")
  }

  private mutating func words(_ value: Value) -> [String] {
    if case .text(let line) = value.content {
      report(
        value, "command must be a list of words, found \"\(line.prefix(40))\"",
        "write [program, argument], or use script: for a line of shell")
      return []
    }
    var words: [String] = []
    for (index, word) in list(value, of: "words", atMost: 4_096).enumerated() {
      if let text = text(word, limit: 128 * 1_024, mayBeEmpty: index > 0) { words.append(text) }
    }
    let byteCount = words.reduce(0) { $0 + $1.utf8.count }
    if byteCount > Self.workByteLimit {
      report(value, "the words have \(byteCount) bytes", "the limit is \(Self.workByteLimit); use an input file")
    }
    return words
  }

  mutating func resources(_ value: Value, else standard: Amounts) -> Amounts {
    let fields = fields(value, allowed: Fields.resources)
    return Amounts(
      cpuMillicores: fields["cpu"].flatMap { millicores($0, in: 1...1_000_000_000) } ?? standard.cpuMillicores,
      memoryBytes: fields["memory"].flatMap { bytes($0, in: (1 << 20)...(1 << 50)) } ?? standard.memoryBytes)
  }

  mutating func environment(_ value: Value?) -> [String: String] {
    guard let value else { return [:] }
    guard case .fields(let fields) = value.content else {
      report(value, "expected a mapping, found \(value.described)", "write {NAME: value}")
      return [:]
    }
    if fields.count > 256 { report(value, "\(fields.count) variables", "the limit is 256") }
    var environment: [String: String] = [:]
    for field in fields.prefix(256) {
      if !Naming.isVariable(field.key) {
        report(field.value, "\"\(field.key)\" is not a variable's name", "use letters, digits and '_'")
      } else if ["INPUT_", "JOINTCLOUD_"].contains(where: field.key.hasPrefix) {
        report(
          field.value, "\"\(field.key)\" is set by the node", "choose a name without INPUT_ or JOINTCLOUD_ in front")
      }
      environment[field.key] = text(field.value, limit: 32 * 1_024, mayBeEmpty: true)
    }
    return environment
  }

  mutating func timeouts(_ value: Value?) -> TaskManifest.Timeouts {
    var timeouts = TaskManifest.Timeouts.standard
    guard let value else { return timeouts }
    let fields = fields(value, allowed: Fields.timeouts)
    let week = 7 * 24 * 3_600_000
    func set(_ name: String, _ target: WritableKeyPath<TaskManifest.Timeouts, Duration>, _ reader: inout FieldReader) {
      if let field = fields[name], let amount = reader.milliseconds(field, in: 1...week) {
        timeouts[keyPath: target] = .milliseconds(amount)
      }
    }
    set("negotiate", \.negotiate, &self)
    set("queue", \.queue, &self)
    set("execute", \.execute, &self)
    set("total", \.total, &self)
    if let execute = fields["execute"], fields["total"] != nil, timeouts.execute > timeouts.total {
      report(execute, "one subtask may run longer than the whole task", "make execute at most total")
    }
    return timeouts
  }

  mutating func attempts(_ value: Value?) -> Int {
    guard let value else { return TaskManifest.defaultAttemptLimit }
    let fields = fields(value, allowed: Fields.retry)
    return fields["attempts"].flatMap { integer($0, in: 1...100) } ?? TaskManifest.defaultAttemptLimit
  }

  mutating func results(_ value: Value) -> [String] {
    var results: [String] = []
    for element in list(value, of: "files", atMost: 1_000, mayBeEmpty: true) {
      guard let path = text(element, limit: 1_024) else { continue }
      let parts = path.split(separator: "/", omittingEmptySubsequences: false)
      if parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) {
        report(element, "\"\(path)\" is not a path below the working directory", "write out.txt or folder/out.txt")
      } else if ["stdout", "stderr"].contains(path) {
        report(element, "\"\(path)\" is always kept", "leave it out")
      } else if results.contains(path) {
        report(element, "\"\(path)\" stands twice", "remove one")
      }
      results.append(path)
    }
    return results
  }

  mutating func reduce(_ value: Value, else needs: Amounts) -> TaskManifest.Reduce {
    let fields = fields(value, allowed: Fields.reduce)
    return TaskManifest.Reduce(
      work: work(value, fields), needs: fields["resources"].map { resources($0, else: needs) } ?? needs,
      results: fields["results"].map { results($0) } ?? [])
  }
}
