import FoundationEssentials
import Glibc
internal import Model
internal import Resources
internal import SystemPackage

/// The folder of one attempt: `work` and `tmp` are the command's, the rest is the node's.
struct Scratch: Sendable {
  let root: String

  init(workFolder: String, attempt: AttemptID) {
    root = workFolder + "/" + attempt.description
  }

  var work: String { root + "/work" }
  var temporary: String { root + "/tmp" }
  var inputs: String { root + "/inputs" }
  var control: String { root + "/control" }

  func output(_ stream: LogStream) -> String { root + "/" + stream.rawValue }

  /// Makes the folder with everything that the command finds in it.
  /// - Parameter sharesInputs: whether inputs may be the very files of the object store: only where the command
  ///   cannot write them.
  func stage(_ work: Work, layout: Layout, sharesInputs: Bool) throws(WorkFailure) {
    do {
      try Self.remove(root)
      for folder in [root, self.work, temporary, inputs, control] { try Self.makeFolder(folder) }
      try Self.write(StartScript.text(for: work, layout: layout), to: control + "/start")
      if case .script(let text) = work.command { try Self.write(text, to: control + "/script") }
    } catch {
      throw WorkFailure(.adapter, "its scratch folder could not be made: \(error)")
    }
    for input in work.inputs { try stage(input, sharesInputs: sharesInputs) }
    for file in work.standardInput where access(file, R_OK) != 0 {
      throw WorkFailure(
        .inputMissing, "standard input is no longer in this node's object store: \(Errno(rawValue: errno))",
        path: "stdin")
    }
    let target = control + "/" + Layout.standardInputName
    do {
      switch work.standardInput.count {
      case 0: break
      case 1: try Self.bring(work.standardInput[0], to: target, shared: sharesInputs)
      default: try Self.concatenate(work.standardInput, to: target)
      }
    } catch {
      throw WorkFailure(.inputMissing, "standard input could not be put together: \(error)", path: "stdin")
    }
  }

  /// A link costs nothing; another file system, or too many links, take a copy.
  private static func bring(_ file: String, to target: String, shared: Bool) throws {
    if shared, link(file, target) == 0 { return }
    try FileManager.default.copyItem(atPath: file, toPath: target)
    _ = chmod(target, 0o444)
  }

  private func stage(_ input: StagedInput, sharesInputs: Bool) throws(WorkFailure) {
    let target = inputs + "/" + input.name + "/" + input.relativePath
    do {
      try FileManager.default.createDirectory(
        atPath: String(target[..<(target.lastIndex(of: "/") ?? target.endIndex)]), withIntermediateDirectories: true)
      try Self.bring(input.file, to: target, shared: sharesInputs)
    } catch {
      guard FileManager.default.fileExists(atPath: input.file) else {
        throw WorkFailure(
          .inputMissing, "input \(input.name): \(input.relativePath) is no longer in this node's object store",
          path: input.name)
      }
      throw WorkFailure(.adapter, "input \(input.name): \(input.relativePath) could not be staged: \(error)")
    }
  }

  private static func concatenate(_ files: [String], to target: String) throws {
    let out = try FileDescriptor.open(
      FilePath(target), .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: .ownerRead)
    try out.closeAfter {
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
      defer { buffer.deallocate() }
      for file in files {
        let source = try FileDescriptor.open(FilePath(file), .readOnly, options: .closeOnExec)
        try source.closeAfter {
          while case let count = try source.read(into: buffer), count > 0 {
            try out.writeAll(buffer.prefix(count))
          }
        }
      }
    }
  }

  /// The task's result files.
  /// - Throws: `missingResult` for the first that is no regular file reached without symbolic links: a link could
  ///   lead the node to files that the command itself cannot read. `output` for one over the limit.
  func results(_ paths: [String], limit: Int) throws(WorkFailure) -> [ResultFile] {
    var found: [ResultFile] = []
    for path in paths {
      let byteCount = try byteCount(ofResult: path)
      guard byteCount <= limit else {
        throw WorkFailure(
          .output, "result file \(path) has \(byteCount) bytes, over the task's outputLimit of \(limit)", path: path)
      }
      found.append(ResultFile(path: path, content: .file(work + "/" + path)))
    }
    return found
  }

  private func byteCount(ofResult path: String) throws(WorkFailure) -> Int {
    func missing(_ problem: String) -> WorkFailure {
      WorkFailure(.missingResult, "result file \(path) \(problem); \(wrote())", path: path)
    }
    var prefix = work
    var status = stat()
    for component in path.split(separator: "/") {
      prefix += "/" + component
      guard lstat(prefix, &status) == 0 else { throw missing("was not written") }
      if status.st_mode & S_IFMT == S_IFLNK { throw missing("is reached by a symbolic link, which is not followed") }
    }
    guard status.st_mode & S_IFMT == S_IFREG else { throw missing("is not a regular file") }
    return Int(status.st_size)
  }

  private func wrote() -> String {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: work)) ?? []).sorted()
    if names.isEmpty { return "the command wrote no files" }
    let listed = names.prefix(10).joined(separator: ", ")
    return "the command wrote: [\(listed)\(names.count > 10 ? ", and \(names.count - 10) more" : "")]"
  }

  private static func makeFolder(_ path: String) throws(Errno) {
    guard mkdir(path, 0o700) == 0 else { throw Errno(rawValue: errno) }
  }

  /// Makes a folder and what is missing above it, for the node's user only.
  static func makeFolders(_ path: String) throws(Errno) {
    var prefix = path.hasPrefix("/") ? "" : "."
    for component in path.split(separator: "/") {
      prefix += "/" + component
      if mkdir(prefix, 0o700) != 0, errno != EEXIST { throw Errno(rawValue: errno) }
    }
    var status = stat()
    guard stat(prefix, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { throw .notDirectory }
  }

  static func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  private static func write(_ text: String, to path: String) throws {
    let file = try FileDescriptor.open(
      FilePath(path), .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: .ownerRead)
    try file.closeAfter { _ = try file.writeAll(text.utf8) }
  }
}
