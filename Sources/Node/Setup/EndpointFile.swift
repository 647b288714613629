public import Engine
internal import Glibc
public import Model

/// `endpoint.json`: where a running node is to be found; written once everything listens, removed at the end.
public struct EndpointFile: Codable, Sendable, Hashable {
  public var node: NodeID
  public var name: String
  public var processID: Int
  /// The socket of the HTTP interface.
  public var socketPath: String
  /// HOST:PORT for other nodes, with the actual port.
  public var listenAddress: String
  /// HOST:PORT of the HTTP interface; absent when it is only on the socket.
  public var httpAddress: String?
  public var startedMilliseconds: Int64

  public init(
    node: NodeID, name: String, processID: Int, socketPath: String, listenAddress: String, httpAddress: String?,
    startedMilliseconds: Int64
  ) {
    self.node = node
    self.name = name
    self.processID = processID
    self.socketPath = socketPath
    self.listenAddress = listenAddress
    self.httpAddress = httpAddress
    self.startedMilliseconds = startedMilliseconds
  }

  /// - Throws: `Refusal`; `.notFound` when no node runs here.
  public static func read(in folder: DataFolder) throws(Refusal) -> EndpointFile {
    let bytes = try PrivateFile.read(folder.endpointPath, limit: 64 * 1_024)
    do {
      return try CanonicalJSON.decodeIgnoringUnknownKeys(
        EndpointFile.self, from: try CanonicalJSON.parseAnyForm(bytes, limit: 64 * 1_024))
    } catch {
      throw Refusal(
        .invalid, "\(folder.endpointPath) is not what a node writes: \(error)", subject: folder.endpointPath,
        next: "start the node again: jointcloud node run --data \(folder.typed)")
    }
  }

  /// That of the process which runs here now. What a killed one left, or came with a copy of another node's folder, is
  /// none.
  ///
  /// - Throws: `Refusal`.
  public static func ofRunning(in folder: DataFolder) throws(Refusal) -> EndpointFile? {
    do {
      let endpoint = try read(in: folder)
      return endpoint.isOf(folder) && UnixSocket.hasListener(at: endpoint.socketPath) ? endpoint : nil
    } catch {
      guard error.kind == .notFound else { throw error }
      return nil
    }
  }

  /// Refuses a folder that was copied while its node ran, as long as that one runs: two processes with one key would shut
  /// each other out.
  ///
  /// - Throws: `Refusal`; `.conflict` naming the original.
  public static func refuseCopy(_ folder: DataFolder) throws(Refusal) {
    guard let endpoint = try? read(in: folder), !endpoint.isOf(folder),
      UnixSocket.hasListener(at: endpoint.socketPath)
    else { return }
    let place =
      endpoint.socketPath.hasSuffix("/" + DataFolder.socketName)
      ? "the node in \(endpoint.socketPath.dropLast(DataFolder.socketName.count + 1))" : "a node"
    throw Refusal(
      .conflict, "\(folder.given) is a copy of the folder of \(place), which runs as process \(endpoint.processID)",
      subject: folder.endpointPath,
      next: "stop that one first: kill \(endpoint.processID); for another node, make another folder: "
        + "jointcloud node init --data NEW_FOLDER --name NAME")
  }

  /// Whether the process that wrote it runs in this folder, and not in one of which this is a copy.
  private func isOf(_ folder: DataFolder) -> Bool {
    let suffix = "/" + DataFolder.socketName
    guard socketPath.hasSuffix(suffix) else {
      // The folder's path is too long for a socket.
      return socketPath.hasSuffix("/" + DataFolder.farSocketName(of: folder.path))
    }
    var (own, theirs) = (stat(), stat())
    return stat(folder.path, &own) == 0 && stat(String(socketPath.dropLast(suffix.count)), &theirs) == 0
      && own.st_dev == theirs.st_dev && own.st_ino == theirs.st_ino
  }

  /// - Throws: `Refusal`.
  public func write(in folder: DataFolder) throws(Refusal) {
    do {
      try PrivateFile.write(try CanonicalJSON.encode(self), to: folder.endpointPath, mode: 0o600)
    } catch let error as Refusal {
      throw error
    } catch {
      throw Refusal(.failed, "\(folder.endpointPath) cannot be written: \(error)", subject: folder.endpointPath)
    }
  }

  public static func remove(in folder: DataFolder) {
    PrivateFile.remove(folder.endpointPath)
  }
}
