internal import Model

/// Reads a Task as its user wrote it.
public enum ManifestReader {
  /// Reads YAML (or JSON, which is YAML). Looks at no file.
  ///
  /// - Parameter fileName: what problems call it.
  /// - Throws: `ManifestErrors` with every problem found, at most `ManifestErrors.limit`.
  public static func read(text: String, fileName: String) throws(ManifestErrors) -> TaskManifest {
    let document: Value
    do {
      document = try DocumentParser(fileName: fileName).parse(text)
    } catch {
      throw ManifestErrors([error])
    }
    var reader = FieldReader(Fields.advice)
    let manifest = reader.manifest(document)
    guard let manifest, reader.problems.isEmpty else {
      throw ManifestErrors(reader.problems, omitted: reader.omitted)
    }
    return manifest
  }

  /// Reads a manifest file.
  ///
  /// - Throws: `ManifestErrors`, also when the file is missing, too large or not UTF-8.
  public static func read(file path: String, from files: some FileSystem) throws(ManifestErrors) -> TaskManifest {
    func problem(_ what: String, _ right: String) -> ManifestErrors {
      ManifestErrors([Problem(place: Place(file: path, line: 1, column: 1), path: "", what: what, right: right)])
    }
    let bytes: [UInt8]
    do {
      let file = try files.open(path)
      let size = try file.stamp().byteCount
      guard size <= TaskManifest.byteLimit else {
        throw problem(
          "the file has \(size) bytes", "the limit is \(TaskManifest.byteLimit); put long lists in a file of lines")
      }
      bytes = try file.read(at: 0, count: TaskManifest.byteLimit + 1)
    } catch let error as FileProblem {
      throw problem(error.what, error.right)
    } catch let error as ManifestErrors {
      throw error
    } catch {
      throw problem("\(error)", "")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw problem("the file is not UTF-8 text", "save it as UTF-8")
    }
    return try read(text: text, fileName: path)
  }
}

extension FieldReader {
  fileprivate mutating func manifest(_ document: Value) -> TaskManifest? {
    let fields = fields(document, allowed: Fields.document, required: Fields.document)
    if let version = fields["apiVersion"] { expect("jointcloud/v1", in: version) }
    if let kind = fields["kind"] { expect("Task", in: kind) }
    guard let metadata = fields["metadata"], let spec = fields["spec"] else { return nil }
    let about = self.fields(metadata, allowed: Fields.metadata, required: ["name"])
    let name = about["name"].flatMap { taskName($0) } ?? ""
    let labels = about["labels"].map { self.labels($0) } ?? [:]
    return task(spec, place: document.place, name: name, labels: labels)
  }

  private mutating func expect(_ word: String, in value: Value) {
    guard case .text(word) = value.content else {
      report(value, "expected \"\(word)\", found \(value.described)", "write \(word)")
      return
    }
  }

  private mutating func taskName(_ value: Value) -> String? {
    guard let name = text(value, limit: 63) else { return nil }
    guard Naming.isTask(name) else {
      report(
        value, "\"\(name)\" is not a name", "use letters, digits, '.', '_' and '-', beginning with a letter or digit")
      return nil
    }
    return name
  }

  private mutating func labels(_ value: Value) -> [String: String] {
    guard case .fields(let fields) = value.content else {
      report(value, "expected a mapping, found \(value.described)", "write {team: physics}")
      return [:]
    }
    if fields.count > 64 { report(value, "\(fields.count) labels", "the limit is 64") }
    var labels: [String: String] = [:]
    for field in fields.prefix(64) {
      if !Naming.isLabel(field.key) {
        report(field.value, "\"\(field.key)\" is not a label", "use letters, digits, '.', '_', '-' and '/', at most 63")
      }
      labels[field.key] = text(field.value, limit: 255, mayBeEmpty: true)
    }
    return labels
  }

  private mutating func task(_ spec: Value, place: Place, name: String, labels: [String: String]) -> TaskManifest? {
    let fields = fields(spec, allowed: Fields.spec)
    let work = work(spec, fields)
    let inputs = fields["inputs"].map { self.inputs($0) } ?? []
    let needs = fields["resources"].map { resources($0, else: TaskManifest.defaultNeeds) } ?? TaskManifest.defaultNeeds
    return TaskManifest(
      name: name, labels: labels, kind: kind(fields["work"]), inputs: inputs, work: work, needs: needs,
      environment: environment(fields["env"]), timeouts: timeouts(fields["timeouts"]),
      attemptLimit: attempts(fields["retry"]),
      priority: fields["priority"].flatMap { integer($0, in: -100...100) } ?? 0,
      adapter: fields["adapter"].flatMap { text($0, limit: 63) },
      priceLimitMicroPerCPUSecond: fields["priceLimit"].flatMap { microcredits($0, in: 0...1_000_000_000_000) },
      results: fields["results"].map { results($0) } ?? [],
      outputLimitBytes: fields["outputLimit"].flatMap { bytes($0, in: 1...(1 << 40)) }
        ?? TaskManifest.defaultOutputLimitBytes,
      reduce: fields["reduce"].map { reduce($0, else: needs) },
      replicas: replicas(fields["replicas"], inputs), place: place)
  }

  private mutating func kind(_ value: Value?) -> String {
    guard let value, let kind = text(value, limit: 63) else { return "batch" }
    if !Naming.isWork(kind) {
      report(value, "\"\(kind)\" is not a kind of work", "use small letters, digits and '-', such as batch")
    }
    return kind
  }

  private mutating func replicas(_ value: Value?, _ inputs: [TaskManifest.Input]) -> Int {
    guard let value, let count = integer(value, in: 1...SubtaskLimit.count) else { return 1 }
    if let splitting = inputs.first(where: \.splits) {
      report(
        value, "input \"\(splitting.name)\" already splits the task",
        "leave replicas out, or give that input to each subtask with split: whole")
    }
    return count
  }
}
