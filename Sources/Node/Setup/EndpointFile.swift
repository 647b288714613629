public import Engine
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
