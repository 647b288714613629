internal import Model

/// The written form of a block of subtasks: canonical JSON of lists, by place. Written and read by hand, since there are
/// a hundred thousand of them where everything else of a state is a few hundred values.
///
/// A subtask is `[attempt, state, failed, result]`: state `0` (pending), `[NODE, lease]` (assigned) or `NODE` (succeeded);
/// failed a list of `[number, NODE, category, detail, standard output, standard error]`, an output `[DIGEST, bytes]` or
/// null; result null or `[number, failure, files, [cpu, wall, memory], native id, native state]`, failure null or
/// `[category, detail]`, a file `[path, [DIGEST, bytes], inline]`.
enum SubtaskForm {
  static func write(_ subtasks: ArraySlice<SubtaskRecord>) -> [UInt8] {
    var out: [UInt8] = []
    list(subtasks, to: &out) { subtask, out in
      out.append(UInt8(ascii: "["))
      write(subtask.attempt, ",", to: &out)
      write(subtask.state, to: &out)
      out.append(UInt8(ascii: ","))
      list(subtask.failed, to: &out, write)
      out.append(UInt8(ascii: ","))
      if let result = subtask.result { write(result, to: &out) } else { out.append(contentsOf: "null".utf8) }
      out.append(UInt8(ascii: "]"))
    }
    return out
  }

  private static func write(_ state: SubtaskRecord.State, to out: inout [UInt8]) {
    switch state {
    case .pending: out.append(UInt8(ascii: "0"))
    case .assigned(let node, let lease):
      out.append(UInt8(ascii: "["))
      write(node.hexadecimal, ",", to: &out)
      write(Int(lease), "]", to: &out)
    case .succeeded(let node): write(node.hexadecimal, "", to: &out)
    }
  }

  private static func write(_ failed: FailedAttempt, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "["))
    write(failed.number, ",", to: &out)
    write(failed.node.hexadecimal, ",", to: &out)
    write(failed.failure.category, ",", to: &out)
    write(failed.failure.detail, ",", to: &out)
    write(failed.standardOutput, ",", to: &out)
    write(failed.standardError, "]", to: &out)
  }

  private static func write(_ result: AttemptResult, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "["))
    write(result.number, ",", to: &out)
    if let failure = result.failure {
      out.append(UInt8(ascii: "["))
      write(failure.category, ",", to: &out)
      write(failure.detail, "],", to: &out)
    } else {
      out.append(contentsOf: "null,".utf8)
    }
    list(result.files, to: &out) { file, out in
      out.append(UInt8(ascii: "["))
      write(file.path, ",", to: &out)
      write(file.content, ",", to: &out)
      if let inline = file.inline { write(inline, "]", to: &out) } else { out.append(contentsOf: "null]".utf8) }
    }
    out.append(contentsOf: ",[".utf8)
    write(result.usage.cpuMilliseconds, ",", to: &out)
    write(result.usage.wallMilliseconds, ",", to: &out)
    write(result.usage.peakMemoryBytes, "],", to: &out)
    write(result.nativeID, ",", to: &out)
    write(result.nativeState, "]", to: &out)
  }

  private static func write(_ content: ObjectReference?, _ end: String, to out: inout [UInt8]) {
    guard let content else { return out.append(contentsOf: ("null" + end).utf8) }
    out.append(UInt8(ascii: "["))
    write(content.digest.hexadecimal, ",", to: &out)
    write(content.byteCount, "]", to: &out)
    out.append(contentsOf: end.utf8)
  }

  private static func write(_ number: Int, _ end: String, to out: inout [UInt8]) {
    out.append(contentsOf: String(number).utf8)
    out.append(contentsOf: end.utf8)
  }

  private static func write(_ text: String, _ end: String, to out: inout [UInt8]) {
    CanonicalJSON.append(text, to: &out)
    out.append(contentsOf: end.utf8)
  }

  private static func list<Element>(
    _ elements: some Collection<Element>, to out: inout [UInt8], _ write: (Element, inout [UInt8]) -> Void
  ) {
    out.append(UInt8(ascii: "["))
    for (place, element) in elements.enumerated() {
      if place > 0 { out.append(UInt8(ascii: ",")) }
      write(element, &out)
    }
    out.append(UInt8(ascii: "]"))
  }
}

// Reading it back; nil for whatever is not the form of subtasks.
extension SubtaskForm {
  static func read(_ bytes: [UInt8], firstSubtask: Int) -> [SubtaskRecord]? {
    guard let json = try? CanonicalJSON.parse(bytes, limit: .max), case .array(let elements) = json else { return nil }
    return all(elements.indices) { subtask(elements[$0], index: firstSubtask + $0) }
  }

  private static func subtask(_ json: JSON, index: Int) -> SubtaskRecord? {
    guard let parts = parts(json, 4), let attempt = integer(parts[0]), let state = state(parts[1]),
      case .array(let failures) = parts[2], let failed = all(failures, failure)
    else { return nil }
    var subtask = SubtaskRecord()
    subtask.attempt = attempt
    subtask.state = state
    subtask.failed = failed
    if parts[3] != .null {
      guard let result = result(parts[3], subtask: index) else { return nil }
      subtask.result = result
    }
    return subtask
  }

  private static func state(_ json: JSON) -> SubtaskRecord.State? {
    switch json {
    case .integer(0): return .pending
    case .string: return node(json).map { .succeeded(by: $0) }
    default:
      guard let parts = parts(json, 2), let node = node(parts[0]), let lease = parts[1].integerValue else { return nil }
      return .assigned(to: node, leaseEndsMilliseconds: lease)
    }
  }

  private static func failure(_ json: JSON) -> FailedAttempt? {
    guard let parts = parts(json, 6), let number = integer(parts[0]), let node = node(parts[1]),
      let category = parts[2].stringValue, let detail = parts[3].stringValue, let output = optional(parts[4], content),
      let error = optional(parts[5], content)
    else { return nil }
    return FailedAttempt(
      number: number, node: node, failure: AttemptFailure(category: category, detail: detail), standardOutput: output,
      standardError: error)
  }

  private static func result(_ json: JSON, subtask: Int) -> AttemptResult? {
    guard let parts = parts(json, 6), let number = integer(parts[0]), let failure = optional(parts[1], failureText),
      case .array(let elements) = parts[2], let files = all(elements, file), let figures = Self.parts(parts[3], 3),
      let usage = all(figures, integer), let nativeID = parts[4].stringValue, let nativeState = parts[5].stringValue
    else { return nil }
    return AttemptResult(
      subtask: subtask, number: number, failure: failure, files: files,
      usage: Usage(cpuMilliseconds: usage[0], wallMilliseconds: usage[1], peakMemoryBytes: usage[2]),
      nativeID: nativeID, nativeState: nativeState)
  }

  private static func failureText(_ json: JSON) -> AttemptFailure? {
    guard let parts = parts(json, 2), let category = parts[0].stringValue, let detail = parts[1].stringValue
    else { return nil }
    return AttemptFailure(category: category, detail: detail)
  }

  private static func file(_ json: JSON) -> ResultObject? {
    guard let parts = parts(json, 3), let path = parts[0].stringValue, let content = content(parts[1]),
      let inline = optional(parts[2], { $0.stringValue })
    else { return nil }
    return ResultObject(path: path, content: content, inline: inline)
  }

  private static func content(_ json: JSON) -> ObjectReference? {
    guard let parts = parts(json, 2), let digest = parts[0].stringValue.flatMap(Digest.init(hexadecimal:)),
      let byteCount = integer(parts[1])
    else { return nil }
    return ObjectReference(digest: digest, byteCount: byteCount)
  }

  private static func node(_ json: JSON) -> NodeID? { json.stringValue.flatMap(NodeID.init(hexadecimal:)) }

  private static func integer(_ json: JSON) -> Int? { json.integerValue.map { Int($0) } }

  private static func parts(_ json: JSON, _ count: Int) -> [JSON]? {
    guard case .array(let elements) = json, elements.count == count else { return nil }
    return elements
  }

  /// - Returns: nil for what cannot be read, some nil for null.
  private static func optional<Value>(_ json: JSON, _ read: (JSON) -> Value?) -> Value?? {
    json == .null ? .some(nil) : read(json).map { .some($0) }
  }

  private static func all<Element, Value>(
    _ elements: some Collection<Element>, _ read: (Element) -> Value?
  ) -> [Value]? {
    var values: [Value] = []
    values.reserveCapacity(elements.count)
    for element in elements {
      guard let value = read(element) else { return nil }
      values.append(value)
    }
    return values
  }
}
