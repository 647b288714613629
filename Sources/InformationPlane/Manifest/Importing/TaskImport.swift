public import Contract
public import Coordination
public import Model

/// A manifest with everything looked up: what to sign, what to upload.
public struct TaskImport: Sendable {
  public let specification: TaskSpecification
  /// Its canonical bytes: an object as well, to be uploaded first or last.
  public let specificationBytes: [UInt8]
  public let submission: Submission
  /// What the task reads, once each, in the order of the subtasks; the specification is not among them.
  public let objects: [SourceObject]

  /// Where the bytes of an object lie on this machine.
  public struct SourceObject: Hashable, Sendable {
    public let reference: ObjectReference
    public let file: String
    public let offset: Int
    /// What the file was when it was hashed.
    public let stamp: FileStamp
    /// The input that names it: its place in the manifest, and its field.
    public let place: Place
    public let field: String

    public var byteCount: Int { reference.byteCount }

    package init(
      reference: ObjectReference, file: String, offset: Int, stamp: FileStamp, place: Place, field: String
    ) {
      self.reference = reference
      self.file = file
      self.offset = offset
      self.stamp = stamp
      self.place = place
      self.field = field
    }

    /// What a problem with the file means for who wrote the manifest.
    public func problem(_ problem: FileProblem) -> ManifestErrors {
      ManifestErrors([Problem(place: place, path: field, what: problem.what, right: problem.right)])
    }
  }

  /// Looks up globs, reads and hashes every file once, and makes the splits.
  ///
  /// - Parameters:
  ///   - baseFolder: where relative globs start: the folder of the manifest.
  ///   - nowMilliseconds: the time of the submission.
  ///   - nonce: another one makes another task of the same manifest; the same one resends it.
  /// - Throws: `ManifestErrors` that name the line of the input whose files cannot be used.
  public static func resolve(
    _ manifest: TaskManifest, baseFolder: String, files: some FileSystem, trace: TraceID, nowMilliseconds: Int64,
    nonce: String
  ) throws(ManifestErrors) -> TaskImport {
    var resolution = Resolution(files: files, baseFolder: baseFolder)
    for input in manifest.inputs {
      do {
        try resolution.add(input)
      } catch {
        throw ManifestErrors([Problem(place: input.place, path: input.path, what: error.what, right: error.right)])
      }
    }
    let specification = TaskSpecification(
      command: manifest.work.command, script: manifest.work.script, environment: manifest.environment,
      sharedInputs: resolution.shared, split: resolution.split ?? .replicas(count: manifest.replicas),
      results: manifest.results, outputLimitBytes: manifest.outputLimitBytes,
      reduce: manifest.reduce.map {
        TaskSpecification.Reduce(command: $0.work.command, script: $0.work.script, results: $0.results)
      })
    let bytes = try encode(specification, manifest.place)
    let reference = ObjectReference(of: bytes)
    return TaskImport(
      specification: specification, specificationBytes: bytes,
      submission: submission(
        manifest, specification, reference, trace: trace, nowMilliseconds: nowMilliseconds, nonce: nonce),
      objects: resolution.objects)
  }

  private static func encode(_ specification: TaskSpecification, _ place: Place) throws(ManifestErrors) -> [UInt8] {
    func problem(_ what: String, _ right: String) -> ManifestErrors {
      ManifestErrors([Problem(place: place, path: "spec", what: what, right: right)])
    }
    let count = specification.split.count
    guard count <= TaskSpecification.subtaskLimit else {
      throw problem(
        "the task has \(count) subtasks",
        "the limit is \(TaskSpecification.subtaskLimit); use a larger partSize or fewer files")
    }
    let bytes: [UInt8]
    do {
      bytes = try CanonicalJSON.encode(specification)
    } catch {
      throw problem("the task cannot be written down: \(error)", "")
    }
    guard bytes.count <= TaskSpecification.byteLimit else {
      throw problem(
        "the task takes \(bytes.count) bytes to describe",
        "the limit is \(TaskSpecification.byteLimit); use fewer files or shorter items")
    }
    return bytes
  }

  private static func submission(
    _ manifest: TaskManifest, _ specification: TaskSpecification, _ reference: ObjectReference, trace: TraceID,
    nowMilliseconds: Int64, nonce: String
  ) -> Submission {
    Submission(
      name: manifest.name, kind: manifest.kind, labels: manifest.labels, specification: reference,
      subtaskCount: specification.split.count, reduces: manifest.reduce != nil, needs: manifest.needs,
      reduceNeeds: manifest.reduce?.needs ?? manifest.needs, adapter: manifest.adapter,
      timeouts: Submission.Timeouts(
        negotiateMilliseconds: Int(manifest.timeouts.negotiate.milliseconds),
        queueMilliseconds: Int(manifest.timeouts.queue.milliseconds),
        executeMilliseconds: Int(manifest.timeouts.execute.milliseconds),
        totalMilliseconds: Int(manifest.timeouts.total.milliseconds)),
      attemptLimit: manifest.attemptLimit, priority: manifest.priority,
      priceLimitMicroPerCPUSecond: manifest.priceLimitMicroPerCPUSecond, trace: trace,
      submittedMilliseconds: nowMilliseconds, nonce: nonce)
  }
}
