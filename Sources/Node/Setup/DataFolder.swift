public import Engine
internal import Foundation
internal import Glibc
internal import Model

/// Where everything of one node lies (docs/operating.md). Its owner's alone: mode 0700.
public struct DataFolder: Sendable, Hashable {
  /// The longest path of a unix socket, in bytes.
  public static let socketPathLimit = 107
  static let socketName = "api.sock"

  /// Absolute.
  public let path: String
  /// As the user named it, for what is printed.
  public let given: String
  /// As it must be typed in a command.
  public var typed: String { ShellWord.quoted(given) }

  /// Names a folder, which need not exist.
  public init(at given: String) {
    self.given = given
    var absolute = given
    if !given.hasPrefix("/"), let current = getcwd(nil, 0) {
      absolute = String(cString: current) + "/" + given
      free(current)
    }
    var components: [Substring] = []
    for component in absolute.split(separator: "/") where component != "." {
      if component == ".." { _ = components.popLast() } else { components.append(component) }
    }
    path = "/" + components.joined(separator: "/")
  }

  public var configurationPath: String { path + "/node.yaml" }
  public var networkPath: String { path + "/network.json" }
  public var endpointPath: String { path + "/endpoint.json" }
  public var databasePath: String { path + "/node.sqlite" }
  /// Whether a node ran here before.
  public var hasDatabase: Bool { PrivateFile.exists(databasePath) }
  public var objectsPath: String { path + "/objects" }
  public var workPath: String { path + "/work" }
  public var logPath: String { path + "/log" }
  public var keysPath: String { path + "/keys" }
  var lockPath: String { path + "/node.lock" }

  /// Whether a node was set up here.
  public var isInitialised: Bool { PrivateFile.exists(configurationPath) }

  /// Whether a node's keys are here, with or without its configuration.
  public var hasKeys: Bool { PrivateFile.exists(KeyFile(.root, in: self).path) }
  /// Whether it is in a network.
  public var isInNetwork: Bool { PrivateFile.exists(networkPath) }

  /// Refuses a folder in which no node was set up, or that others can write to.
  ///
  /// - Throws: `Refusal`.
  public func requireInitialised() throws(Refusal) {
    guard isInitialised else {
      throw Refusal(
        .notFound, "\(given) holds no node", subject: configurationPath,
        next: "jointcloud node init --data \(typed) --name NAME")
    }
    var info = stat()
    guard stat(path, &info) == 0 else { throw PrivateFile.problem("look at", path) }
    guard info.st_mode & 0o022 == 0 else {
      throw Refusal(
        .notPermitted, "others can write to the data folder \(given)", subject: path, next: "chmod 700 \(given)")
    }
  }

  /// Makes the folder and those inside it.
  ///
  /// - Throws: `Refusal`; `.conflict` where a node was set up before, or others' files are.
  func create() throws(Refusal) {
    guard !isInitialised else {
      throw Refusal(
        .conflict, "\(given) holds a node already", subject: configurationPath,
        next: "jointcloud node run --data \(typed)")
    }
    try refuseForeignFiles()
    try Self.makeFolders(upTo: path)
    for inner in [keysPath, objectsPath, workPath, logPath] { try Self.makeFolder(inner) }
  }

  /// Who names another folder by mistake, such as /etc or a home, would find a node's files among its own.
  private func refuseForeignFiles() throws(Refusal) {
    // Where keys are this is a node's own, though its configuration is lost.
    if hasKeys { return }
    // What a run that was cut short leaves, and what a new file system holds.
    let own = [keysPath, objectsPath, workPath, logPath, lockPath, configurationPath + ".new"].map {
      $0.dropFirst(path.count + 1)
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let foreign = names.filter { !own.contains($0[...]) && $0 != "lost+found" }.sorted()
    guard !foreign.isEmpty else { return }
    let shown = foreign.prefix(3).joined(separator: ", ") + (foreign.count > 3 ? ", ..." : "")
    throw Refusal(
      .conflict, "\(given) holds other files (\(shown)); a node takes a folder of its own", subject: path,
      next: "name an empty folder, or one that does not exist yet, with --data")
  }

  /// Where the node's socket lies: in the folder, or, where that path is too long for a socket, in the user's
  /// runtime folder, under a name made from the path.
  ///
  /// - Throws: `Refusal`.
  public func socketPath() throws(Refusal) -> String {
    let own = path + "/" + Self.socketName
    if own.utf8.count <= Self.socketPathLimit { return own }
    let runtime = getenv("XDG_RUNTIME_DIR").map { String(cString: $0) } ?? "/tmp/jointcloud-\(geteuid())"
    let base = runtime.utf8.count <= 60 ? runtime : "/tmp/jointcloud-\(geteuid())"
    try Self.makeFolder(base)
    return "\(base)/\(Self.farSocketName(of: path))"
  }

  /// Of a socket outside the folder.
  static func farSocketName(of path: String) -> String {
    "jointcloud-\(Digest(of: path.utf8).hexadecimal.prefix(16)).sock"
  }

  private static func makeFolders(upTo path: String) throws(Refusal) {
    var made = ""
    let components = path.split(separator: "/")
    for (index, component) in components.enumerated() {
      made += "/" + component
      if index == components.count - 1 {
        try makeFolder(made)
      } else if !PrivateFile.exists(made) {
        try makeFolder(made)
      }
    }
  }

  /// A folder of this user alone; one that is there must belong to the user.
  private static func makeFolder(_ path: String) throws(Refusal) {
    if mkdir(path, 0o700) == 0 { return }
    if errno == ENOENT {
      // What is above it is there, and takes no folders: /proc, or a folder that somebody has removed just now.
      let above = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "/"
      throw Refusal(
        .failed, "cannot make the folder \(path): \(above.isEmpty ? "/" : above) takes none", subject: path,
        next: "choose another place with --data")
    }
    guard errno == EEXIST else { throw PrivateFile.problem("make", path) }
    var info = stat()
    guard stat(path, &info) == 0 else { throw PrivateFile.problem("look at", path) }
    guard info.st_mode & S_IFMT == S_IFDIR else {
      throw Refusal(.conflict, "\(path) is no folder", subject: path)
    }
    guard info.st_uid == geteuid() else {
      throw Refusal(.notPermitted, "\(path) belongs to another user", subject: path, next: "ls -ld \(path)")
    }
  }
}
