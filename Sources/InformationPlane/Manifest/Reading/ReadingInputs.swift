internal import Coordination
internal import Model

/// What subtasks read and what splits the task.
extension FieldReader {
  mutating func inputs(_ value: Value) -> [TaskManifest.Input] {
    var inputs: [TaskManifest.Input] = []
    var variables: Set<String> = []
    for element in list(value, of: "inputs", atMost: 64, mayBeEmpty: true) {
      guard let input = input(element) else { continue }
      for variable in Self.variables(of: input) where !variables.insert(variable).inserted {
        report(element, "the name \"\(input.name)\" gives \(variable) twice", "name the inputs differently")
      }
      if let first = inputs.first(where: \.splits), input.splits {
        report(
          element, "inputs \"\(first.name)\" and \"\(input.name)\" both split the task",
          "at most one may; give the other to each subtask with split: whole")
      }
      inputs.append(input)
    }
    return inputs
  }

  /// The variables by which subtasks find an input.
  private static func variables(of input: TaskManifest.Input) -> [String] {
    let base = "INPUT_" + input.name.uppercased()
    if case .range = input.source { return [base + "_FIRST", base + "_LAST"] }
    return [base]
  }

  private mutating func input(_ value: Value) -> TaskManifest.Input? {
    let fields = fields(value, allowed: Fields.input, required: ["name"])
    guard let nameField = fields["name"], let name = text(nameField, limit: 63) else { return nil }
    if !Naming.isInput(name) {
      report(nameField, "\"\(name)\" is not an input's name", "use small letters, digits and '_', at most 32")
    }
    let given = Fields.inputSources.filter { fields[$0] != nil }
    guard given.count == 1, let sourceField = fields[given[0]] else {
      let found = given.isEmpty ? "has no source" : "has several sources: \(given.joined(separator: ", "))"
      report(value, "input \"\(name)\" \(found)", "give it one of \(Fields.inputSources.joined(separator: ", "))")
      return nil
    }
    if given[0] != "files" {
      for key in ["split", "partSize"] {
        if let field = fields[key] { report(field, "\(key) is for files only", "leave it out: each item is a subtask") }
      }
    }
    let source: TaskManifest.Input.Source? =
      switch given[0] {
      case "files": .files(globs: globs(sourceField), split: split(fields["split"], partSize: fields["partSize"]))
      case "range": range(sourceField)
      case "list": .list(items(sourceField))
      default: text(sourceField, limit: 4_096).map { .lines(file: $0) }
      }
    return source.map {
      TaskManifest.Input(name: name, source: $0, place: sourceField.place, path: sourceField.path)
    }
  }

  private mutating func globs(_ value: Value) -> [Glob] {
    let elements: [Value]
    if case .text = value.content { elements = [value] } else { elements = list(value, of: "globs", atMost: 1_000) }
    var globs: [Glob] = []
    for element in elements {
      guard let text = text(element, limit: 4_096) else { continue }
      do {
        globs.append(try Glob(text))
      } catch {
        report(element, "\"\(text)\" is not a glob: \(error.what)", error.right)
      }
    }
    return globs
  }

  private mutating func split(_ value: Value?, partSize: Value?) -> TaskManifest.Input.Split {
    let words = ["byFile", "byRange", "whole"]
    guard let value else {
      if let partSize { report(partSize, "partSize is for split: byRange only", "add split: byRange") }
      return .whole
    }
    guard case .text(let word) = value.content, words.contains(word) else {
      let found =
        if case .text(let word) = value.content { Spelling.nearest(to: word, among: words) } else { String?.none }
      report(
        value, "\(value.described) is no way to split files",
        found.map { "did you mean \($0)?" } ?? "write one of \(words.joined(separator: ", "))")
      return .whole
    }
    if word == "byRange" {
      let size = partSize.flatMap { bytes($0, in: 1...(1 << 40)) }
      return .byRange(partBytes: size ?? TaskManifest.defaultPartBytes)
    }
    if let partSize { report(partSize, "partSize is for split: byRange only", "leave it out, or write split: byRange") }
    return word == "byFile" ? .byFile : .whole
  }

  private mutating func range(_ value: Value) -> TaskManifest.Input.Source? {
    let fields = fields(value, allowed: Fields.range, required: ["from", "to"])
    let limit = Int(JSON.integerLimit)
    guard let fromField = fields["from"], let toField = fields["to"],
      let from = integer(fromField, in: -limit...limit), let to = integer(toField, in: -limit...limit)
    else { return nil }
    guard from <= to else {
      report(toField, "the range ends at \(to), before it begins at \(from)", "both ends belong to it")
      return nil
    }
    let count = to - from + 1
    switch (fields["parts"], fields["size"]) {
    case (let parts?, nil):
      guard let number = integer(parts, in: 1...SubtaskLimit.count) else { return nil }
      if number > count { report(parts, "\(count) numbers cannot make \(number) parts", "write at most \(count)") }
      return .range(from: from, to: to, cut: .parts(number))
    case (nil, let size?):
      guard let number = integer(size, in: 1...limit) else { return nil }
      let parts = (count - 1) / number + 1
      if parts > SubtaskLimit.count {
        report(size, "this makes \(parts) subtasks", "the limit is \(SubtaskLimit.count); choose a larger size")
      }
      return .range(from: from, to: to, cut: .size(number))
    default:
      report(value, "a range needs one of parts and size", "write parts: 10 for ten subtasks, or size: 1000")
      return nil
    }
  }

  private mutating func items(_ value: Value) -> [String] {
    list(value, of: "items", atMost: SubtaskLimit.count).compactMap { text($0, limit: 32 * 1_024, mayBeEmpty: true) }
  }
}
