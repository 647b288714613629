/// A regular file that a glob found.
struct FoundFile: Hashable {
  /// Where to open it.
  var location: String
  /// The name that subtasks see: relative, without `..`.
  var name: String
  /// Without links; the same for two ways to one file.
  var identity: String
  /// Whether the last step to it was a link.
  var isLink: Bool
}

/// Looks globs up in a file system: sorted, links resolved, each file once.
struct GlobExpansion<Files: FileSystem> {
  /// Names looked at, at most, for all globs of an input.
  static var visitLimit: Int { 1_000_000 }
  /// Folders below each other that `**` enters.
  static var depthLimit: Int { 64 }

  let files: Files
  /// Where relative globs start.
  let baseFolder: String
  private var visited = 0
  private var found: [FoundFile] = []

  init(files: Files, baseFolder: String) {
    self.files = files
    self.baseFolder = baseFolder
  }

  /// Every regular file that the globs match, ordered by name.
  ///
  /// - Throws: `FileProblem`: a glob that matches nothing, a dangling link, an unreadable folder, a name twice.
  mutating func expand(_ globs: [Glob]) throws(FileProblem) -> [FoundFile] {
    for glob in globs {
      let before = found.count
      try walk(glob, 0, folder: glob.isAbsolute ? "/" : baseFolder, names: [], depth: 0)
      if found.count == before { throw nothing(glob) }
    }
    return try once(found)
  }

  /// One for each identity: the plain name where there is one, else the first of the links' names.
  private func once(_ all: [FoundFile]) throws(FileProblem) -> [FoundFile] {
    var chosen: [String: FoundFile] = [:]
    for file in all.sorted(by: { ($0.isLink ? 1 : 0, $0.name) < ($1.isLink ? 1 : 0, $1.name) })
    where chosen[file.identity] == nil {
      chosen[file.identity] = file
    }
    let files = chosen.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    for (left, right) in zip(files, files.dropFirst()) where left.name == right.name {
      throw FileProblem(
        .failed, "\(left.location) and \(right.location) would both be called \(left.name)",
        "make them two inputs, or choose a base folder that holds both")
    }
    return files
  }

  private mutating func walk(_ glob: Glob, _ index: Int, folder: String, names: [String], depth: Int)
    throws(FileProblem)
  {
    let isLast = index == glob.components.count - 1
    switch glob.components[index] {
    case .name(let name):
      let path = join(folder, name)
      if isLast {
        try take(path, names + [name], isLiteral: true)
      } else {
        try walk(glob, index + 1, folder: path, names: names + [name == ".." ? "_" : name], depth: depth)
      }
    case .pattern(let tokens):
      for name in try list(folder) where Glob.matches(name, tokens) {
        let path = join(folder, name)
        if isLast {
          try take(path, names + [name], isLiteral: false)
        } else if try files.kind(of: path, followingLinks: true) == .folder {
          try walk(glob, index + 1, folder: path, names: names + [name], depth: depth)
        }
      }
    case .anyFolders:
      try walk(glob, index + 1, folder: folder, names: names, depth: depth)
      for name in try list(folder) where !name.hasPrefix(".") {
        let path = join(folder, name)
        // Links to folders are not entered here, so that a loop of links is no loop of ours.
        guard try files.kind(of: path, followingLinks: false) == .folder else { continue }
        guard depth < Self.depthLimit else {
          throw FileProblem(
            .tooMany, "\(path) lies more than \(Self.depthLimit) folders deep", "name its folder in the glob")
        }
        try walk(glob, index, folder: path, names: names + [name], depth: depth + 1)
      }
    }
  }

  private mutating func take(_ path: String, _ names: [String], isLiteral: Bool) throws(FileProblem) {
    guard let own = try files.kind(of: path, followingLinks: false) else { return }
    guard let kind = try files.kind(of: path, followingLinks: true) else {
      throw FileProblem(.dangling, "\(path) is a link to a file that does not exist", "mend or remove the link")
    }
    switch kind {
    case .regular:
      found.append(
        FoundFile(
          location: path, name: names.joined(separator: "/"), identity: try files.resolved(path), isLink: own == .link))
    case .folder:
      if isLiteral { throw FileProblem(.notAFile, "\(path) is a folder", "write \(path)/* for the files in it") }
    case .link, .other:
      throw FileProblem(.notAFile, "\(path) is not a regular file", "inputs are regular files")
    }
  }

  /// Sorted, so that what is found does not depend on the file system's order; empty when there is no such folder.
  private mutating func list(_ folder: String) throws(FileProblem) -> [String] {
    guard try files.kind(of: folder, followingLinks: true) == .folder else { return [] }
    let names = try files.names(inFolder: folder)
    visited += names.count
    guard visited <= Self.visitLimit else {
      throw FileProblem(.tooMany, "the globs look at more than \(Self.visitLimit) names", "make them narrower")
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private func nothing(_ glob: Glob) -> FileProblem {
    var folder = glob.isAbsolute ? "/" : baseFolder
    for case .name(let name) in glob.components.dropLast().prefix(while: { if case .name = $0 { true } else { false } })
    {
      let next = join(folder, name)
      guard (try? files.kind(of: next, followingLinks: true)) == .folder else {
        return FileProblem(
          .missing, "\"\(glob)\" matches no file: there is no folder \(next)", "relative globs start at \(baseFolder)")
      }
      folder = next
    }
    return FileProblem(
      .missing, "\"\(glob)\" matches no file in \(folder)", "look with: ls \(folder)")
  }

  private func join(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }
}
