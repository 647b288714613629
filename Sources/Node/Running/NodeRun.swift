internal import Adapters
internal import Coordination
internal import Engine
internal import Foundation
internal import Glibc
internal import Interface
public import Logging
internal import Metrics
internal import Model
internal import Overlay
internal import Resources
internal import ServiceLifecycle
internal import Storage
internal import Transport

/// One run of a node, from the lock on its folder to the last write.
public struct NodeRun: Sendable {
  let folder: DataFolder
  let configuration: NodeConfiguration
  let listenAddress: HostPort
  let httpAddress: HostPort?
  let isNewestCopy: Bool
  let logger: Logger

  /// - Parameters:
  ///   - listen, http: HOST:PORT, port 0 for any; nil for what node.yaml says.
  ///   - isNewestCopy: a person says that the folder is no older copy of the node's data, wherever it lies now.
  /// - Throws: `Refusal` when the folder holds no usable node or an address is malformed.
  public init(_ folder: DataFolder, listen: String?, http: String?, isNewestCopy: Bool = false, logger: Logger) throws {
    self.isNewestCopy = isNewestCopy
    self.folder = folder
    try folder.requireInitialised()
    configuration = try NodeConfiguration.read(in: folder)
    listenAddress = try Self.address(listen ?? configuration.listenAddress, option: "--listen")
    try NodeSetup.requireReachable(listenAddress, subject: "--listen", option: "--listen")
    httpAddress = try (http ?? configuration.httpAddress).map { (text) throws(Refusal) in
      try Self.address(text, option: "--http")
    }
    if let httpAddress, httpAddress.port == listenAddress.port, httpAddress.port != 0,
      httpAddress.host == listenAddress.host || httpAddress.isWildcard
    {
      throw Refusal(
        .invalid, "\(httpAddress) is where other nodes are to reach this one already", subject: "--http",
        next: "--http \(HostPort(host: httpAddress.host, port: 0)), or another port")
    }
    self.logger = logger
  }

  private static func address(_ text: String, option: String) throws(Refusal) -> HostPort {
    guard let address = HostPort(text) else {
      throw Refusal(
        .invalid, "'\(text)' is no HOST:PORT with a port from 0 to 65535", subject: option,
        next: "\(option) 127.0.0.1:0")
    }
    return address
  }

  /// Runs until the process is told to stop by SIGTERM or SIGINT; then drains and stops in order.
  ///
  /// - Parameter ready: called once, when everything listens.
  /// - Throws: `Refusal`, `StorageError`, `TransportError`: why it does not run or could not go on.
  public func run(ready: @escaping @Sendable (EndpointFile) async throws -> Void) async throws {
    // What a node makes, its socket included, is its owner's alone from the first moment on.
    umask(0o077)
    let lock = try FolderLock(folder)
    defer { withExtendedLifetime(lock) {} }
    try EndpointFile.refuseCopy(folder)
    try refuseExposedKeys()
    let identity = try NodeSetup(folder).identity()
    // Before anybody is told that this node is there.
    if let httpAddress {
      do throws(APIServerError) {
        try await APIServer.requireFree(httpAddress.host, port: httpAddress.port)
      } catch {
        throw ListeningProblem.explained(error)
      }
    }
    // First, since what an earlier run's work left may be what fills the disk.
    LocalAdapter.clear(workFolder: folder.workPath, logger: logger)
    let database = try NodeDatabase(folder: folder.path, node: identity.node, network: identity.network)
    let objects = try ObjectStore(folder: folder.path)
    let recovered = try database.recover()
    warnOfExpiry(identity, recovered)
    let writer = Writer(database)
    let networkLoop = NetworkLoop()
    let hands = Hands(identity: identity, objects: objects, loop: networkLoop, logger: logger)
    let loop = EngineLoop(engine: NodeEngine(identity: identity, profile: profile), writer: writer, hands: hands)
    let transport = PeerTransport(
      identity: identity, source: StoredObjects(objects: objects), loop: networkLoop, logger: logger,
      report: { inputs in await loop.feed(contentsOf: inputs.compactMap { TransportInput($0).map { .overlay($0) } }) })
    for fact in recovered.facts where fact.signed.statement.purpose == MemberRecord.purpose {
      transport.admit(fact.signed.statement.author)
    }
    let workshop = Workshop(
      adapters: adapters, objects: objects, pins: hands.pins, logger: logger, feed: { input in await loop.feed(input) })
    let history = EventHistory(database: database, writer: writer)
    hands.connect(loop: loop, transport: transport, workshop: workshop, history: history)
    let crew = Crew(
      run: self, identity: identity, recovered: recovered, place: try database.place(), objects: objects,
      writer: writer,
      history: history, hands: hands, loop: loop, transport: transport,
      workshop: workshop, ready: ready)
    defer { EndpointFile.remove(in: folder) }
    do {
      try await crew.work()
    } catch {
      // The first cause counts; a failed write makes everything after it fail too.
      throw ListeningProblem.explained(hands.failure ?? error)
    }
    try database.close()
    logger.info("stopped")
  }

  /// Whom nobody let in while its invitation held stays alone, and nothing else would say why.
  private func warnOfExpiry(_ identity: LocalIdentity, _ recovered: Recovered) {
    guard let exclusion = Exclusion.expired(identity, at: Wall.milliseconds()),
      !recovered.facts.contains(where: {
        $0.signed.statement.purpose == MemberRecord.purpose && $0.signed.statement.author != identity.node
      })
    else { return }
    logger.warning(
      "\(exclusion): if none let this node in before, \(exclusion.remedy)", metadata: ["plane": "information"])
  }

  /// A key that others can read speaks for somebody else too, also one that this run does not use. One that is kept
  /// elsewhere is fine.
  private func refuseExposedKeys() throws(Refusal) {
    for name in KeyFile.Name.allCases {
      do throws(Refusal) {
        _ = try KeyFile(name, in: folder).read()
      } catch  where error.kind == .notFound {
        continue
      }
    }
  }

  private var profile: NodeProfile {
    NodeProfile(
      name: configuration.name, owner: configuration.owner, kind: configuration.kind.rawValue,
      offer: configuration.offer,
      priceMicroPerCPUSecond: configuration.priceMicroPerCPUSecond ?? 0,
      policy: LocalPolicy(
        decline: configuration.policy.decline.map { rule in
          .init(
            kind: rule.work, label: rule.label.map { [$0.key: $0.value] }, code: rule.code,
            text: rule.text)
        }, decidesByHand: configuration.policy.isManual))
  }

  private var adapters: [any Adapter] {
    guard configuration.offer != .zero else { return [] }
    return configuration.adapters.map { name -> any Adapter in
      guard name != "noop" else { return NoopAdapter(total: configuration.offer) }
      return LocalAdapter(
        LocalConfiguration(
          workFolder: folder.workPath, total: configuration.offer,
          sandbox: configuration.sandbox == .none ? .none : .bubblewrap, readable: configuration.readable))
    }
  }
}

extension TransportInput {
  /// nil for inputs that are the engine's own to give.
  init?(_ input: OverlayInput) {
    switch input {
    case .linkOpened(let link, let peer, let dialled): self = .linkOpened(link, peer: peer, dialled: dialled)
    case .linkClosed(let link, let reason): self = .linkClosed(link, reason)
    case .frame(let link, let bytes): self = .frame(link, bytes)
    case .datagram(let bytes, let address): self = .datagram(bytes, from: address)
    case .dialFailed(let node, let address, let reason): self = .dialFailed(node, address: address, reason: reason)
    case .dropped(let reason, let count): self = .dropped(reason, count: count)
    case .sameKeyMet(let address): self = .sameKeyMet(address: address)
    default: return nil
    }
  }
}
