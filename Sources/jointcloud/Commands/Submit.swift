import ArgumentParser
import Contract
import Engine
import Interface
import Manifest
import Model
import Node

struct Submit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Submit a task. Prints its id; with --wait, its output.",
    discussion: "docs/manifest.md describes the file; docs/examples has some.")
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "The manifest: a YAML file.")
  var file: String
  @Flag(help: "Follow it on standard error, and print what it wrote to standard output.")
  var wait = false
  @Option(help: "With --wait: give up after this long.")
  var timeout: String?
  @Option(help: "The collaboration to use; otherwise the open one that suits best, or a new one.")
  var collaboration: String?
  @Flag(help: "Open a new collaboration in any case.")
  var new = false

  func validate() throws {
    guard collaboration == nil || !new else { throw ValidationError("--collaboration and --new contradict each other") }
    guard timeout == nil || wait else { throw ValidationError("--timeout needs --wait") }
  }

  func run() async throws {
    let limit = try timeout.map { try Arguments.milliseconds($0, "--timeout") }
    let upload = try TaskUpload(manifest: file)
    try await node.withNode { client in
      let collaboration = try await client.collaborationID(collaboration)
      try await upload.store(through: client)
      let task = try await client.submit(
        SubmissionRequest(submission: upload.submission, collaboration: collaboration, opensCollaboration: new))
      guard wait else {
        try await output.print(name: { $0.task.hexadecimal }, table: { $0.task.hexadecimal }) { task }
        return Output.hint("next: \(NextStep.completed("jointcloud wait \(task.task.short)"))")
      }
      Output.hint("task \(task.task.hexadecimal)")
      let cancel = NextStep.completed("jointcloud cancel \(task.task.short)")
      Output.hint("it goes on when this command is interrupted; to end it: \(cancel)")
      let end = try await Progress.follow(task.task, client, limitMilliseconds: limit)
      let detail = try await client.task(task.task)
      if output.format == .json || output.format == .jsonl {
        try await output.print(name: { _ in "" }, table: { _ in "" }) { detail }
      } else {
        try await Results.printStandardOutput(of: detail, client)
      }
      try Progress.requireSuccess(end)
    }
  }
}

/// A manifest with everything that it names, ready to be stored at a node.
struct TaskUpload {
  private let task: TaskImport
  private let files = LocalFileSystem()

  var submission: Submission { task.submission }

  init(manifest path: String) throws {
    var random = Random.system()
    let manifest = try ManifestReader.read(file: path, from: files)
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    task = try TaskImport.resolve(
      manifest, baseFolder: folder, files: files, trace: TraceID(random.digest()),
      nowMilliseconds: Wall.milliseconds(), nonce: random.digest().hexadecimal)
  }

  /// Sends what the node does not hold yet: inputs first, then the specification that names them.
  ///
  /// - Throws: `ManifestErrors` for a file that vanished or changed since the manifest was read.
  func store(through client: Client) async throws {
    for object in task.objects where try await !client.hasObject(object.reference) {
      do {
        try await client.putObject(object.reference, chunks: ObjectChunks(object, from: files))
      } catch let problem as FileProblem {
        throw object.problem(problem)
      }
    }
    _ = try await client.putObject(task.specificationBytes)
  }
}
