internal import Coordination
internal import Model

/// Gathers what the inputs of one manifest come to.
struct Resolution<Files: FileSystem> {
  private let files: Files
  private let baseFolder: String
  private(set) var shared: [TaskSpecification.Input] = []
  private(set) var split: TaskSpecification.Split?
  private(set) var objects: [TaskImport.SourceObject] = []
  private var known: Set<ObjectReference> = []

  init(files: Files, baseFolder: String) {
    self.files = files
    self.baseFolder = baseFolder
  }

  /// - Throws: `FileProblem`.
  mutating func add(_ input: TaskManifest.Input) throws(FileProblem) {
    switch input.source {
    case .files(let globs, .whole):
      shared.append(TaskSpecification.Input(name: input.name, files: try find(globs, for: input)))
    case .files(let globs, .byFile):
      split = .parts(name: input.name, parts: try find(globs, for: input).map { [$0] })
    case .files(let globs, .byRange(let partBytes)):
      split = .parts(name: input.name, parts: try find(globs, for: input, partBytes: partBytes).map { [$0] })
    case .range(let from, let to, let cut):
      split = .range(name: input.name, pieces: Self.pieces(from: from, to: to, cut: cut))
    case .list(let items):
      split = .items(name: input.name, items: items)
    case .lines(let file):
      split = .items(name: input.name, items: try lines(of: file))
    }
  }

  private mutating func find(
    _ globs: [Glob], for input: TaskManifest.Input, partBytes: Int? = nil
  ) throws(FileProblem) -> [TaskSpecification.File] {
    var expansion = GlobExpansion(files: files, baseFolder: baseFolder)
    var located: [TaskSpecification.File] = []
    for found in try expansion.expand(globs) {
      let file = try files.open(found.location)
      let (pieces, stamp) = try PieceReader(path: found.location, partBytes: partBytes).pieces(of: file)
      for piece in pieces {
        located.append(TaskSpecification.File(path: found.name, content: piece.content))
        if known.insert(piece.content).inserted {
          objects.append(
            TaskImport.SourceObject(
              reference: piece.content, file: found.location, offset: piece.offset, stamp: stamp, place: input.place,
              field: input.path))
        }
      }
    }
    return located
  }

  /// Parts differ by at most one in size.
  static func pieces(from: Int, to: Int, cut: TaskManifest.Input.Cut) -> [TaskSpecification.Split.Piece] {
    let count = to - from + 1
    switch cut {
    case .parts(let parts):
      let (size, larger) = count.quotientAndRemainder(dividingBy: parts)
      return (0..<parts).map { part in
        let first = from + part * size + min(part, larger)
        return .init(first: first, last: first + size - (part < larger ? 0 : 1))
      }
    case .size(let size):
      return stride(from: from, through: to, by: size).map { .init(first: $0, last: min(to, $0 + size - 1)) }
    }
  }

  private func lines(of name: String) throws(FileProblem) -> [String] {
    let path = name.hasPrefix("/") ? name : "\(baseFolder)/\(name)"
    let file = try files.open(path)
    let size = try file.stamp().byteCount
    guard size <= TaskSpecification.byteLimit else {
      throw FileProblem(
        .tooMany, "\(path) has \(size) bytes",
        "the limit for lines is \(TaskSpecification.byteLimit); use split: byRange")
    }
    guard let text = String(validating: try file.read(at: 0, count: size), as: UTF8.self) else {
      throw FileProblem(.failed, "\(path) is not UTF-8 text", "lines must be text")
    }
    let lines = text.split { $0 == "\n" || $0 == "\r\n" }.map(String.init)
    guard !lines.isEmpty else { throw FileProblem(.missing, "\(path) has no lines", "each line is a subtask") }
    guard !lines.contains(where: { $0.utf8.contains(0) }) else {
      throw FileProblem(.failed, "\(path) holds a NUL character", "lines must be text")
    }
    return lines
  }
}
