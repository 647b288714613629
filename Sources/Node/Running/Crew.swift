internal import Engine
internal import Interface
internal import Logging
internal import Metrics
internal import Model
internal import Overlay
internal import ServiceLifecycle
internal import Sodium
internal import Storage
internal import Synchronization
internal import Transport
internal import UnixSignals

/// The services of one run, started in order and stopped in the reverse order: first nobody asks any more, then the
/// others are told, then work stops, then the last writes are made durable.
struct Crew: Sendable {
  let run: NodeRun
  let identity: LocalIdentity
  let recovered: Recovered
  let place: String
  let objects: ObjectStore
  let writer: Writer
  let history: EventHistory
  let hands: Hands
  let loop: EngineLoop
  let transport: PeerTransport
  let workshop: Workshop
  let ready: @Sendable (EndpointFile) async throws -> Void
  private let startedMilliseconds = Wall.milliseconds()
  private let bench: Bench

  /// Addresses in use, known once everything listens.
  private final class Bench: Sendable {
    private let addresses = Mutex<(listen: String, http: String?)>(("", nil))
    let listening: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init() {
      (listening, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var current: (listen: String, http: String?) { addresses.withLock { $0 } }

    func listens(on address: String) {
      addresses.withLock { $0.listen = address }
      signal.yield()
    }

    func serves(on address: String?) { addresses.withLock { $0.http = address } }
  }

  init(
    run: NodeRun, identity: LocalIdentity, recovered: Recovered, place: String, objects: ObjectStore, writer: Writer,
    history: EventHistory, hands: Hands, loop: EngineLoop, transport: PeerTransport, workshop: Workshop,
    ready: @escaping @Sendable (EndpointFile) async throws -> Void
  ) {
    self.run = run
    self.identity = identity
    self.recovered = recovered
    self.place = place
    self.objects = objects
    self.writer = writer
    self.history = history
    self.hands = hands
    self.loop = loop
    self.transport = transport
    self.workshop = workshop
    self.ready = ready
    bench = Bench()
  }

  func work() async throws {
    let services: [any Service] = [
      Part("writer") { try await write() },
      Part("chores") { try await hands.run() },
      Part("timers") { await hands.timers.run { timer in await loop.feed(.timer(timer)) } },
      Part("evictions") {
        for await digests in objects.evictions { await loop.feed(.object(.evicted(digests))) }
      },
      Part("adapters") { await workshop.run() },
      // Its goodbye comes before the work is ended, so that nobody offers anything to a node that will not do it.
      Part("transport", onShutdown: { await sayGoodbye() }) { try await listen() },
      Part("interface") { try await serve() },
    ]
    var configuration = ServiceGroupConfiguration(
      services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
    configuration.maximumGracefulShutdownDuration = .seconds(20)
    configuration.maximumCancellationDuration = .seconds(10)
    try await ServiceGroup(configuration: configuration).run()
    await loop.refuseAll()
  }

  private var quiet: Logger {
    var logger = run.logger
    logger.logLevel = max(logger.logLevel, .warning)
    return logger
  }

  // MARK: Parts

  private func write() async throws {
    do {
      try await writer.run { tickets in
        if let last = tickets.max() { await loop.feed(.written(last.value)) }
      }
    } catch {
      // Nobody gets an answer any more that depends on a write.
      hands.fail(error)
      await loop.refuseAll()
      throw error
    }
  }

  /// Port 0 takes the port of the last run while it is free: the others know this node by it.
  private func listen() async throws {
    if run.listenAddress.port == 0, let last = lastAddress {
      do {
        return try await listen(on: last)
      } catch TransportError.addressInUse {
        run.logger.notice("port \(last.port) of the last run is taken; any other will do")
      }
    }
    try await listen(on: run.listenAddress)
  }

  private static let listenKey = "listen"

  private var lastAddress: HostPort? {
    recovered.documents[Self.listenKey].flatMap { HostPort(String(decoding: $0, as: UTF8.self)) }
      .flatMap { $0.host == run.listenAddress.host ? $0 : nil }
  }

  private func listen(on wanted: HostPort) async throws {
    try await transport.run(on: wanted) { address in
      let datagramSeed = secureRandomBytes(BoxKeyPair.byteCount)
      let last = recovered.documents[NodeEngine.incarnationKey].flatMap { Int(String(decoding: $0, as: UTF8.self)) }
      let record = try await ownRecord(
        at: address.description, above: last ?? 0, datagramKey: try AgreementKey(datagramSeed: datagramSeed))
      transport.use(record: record)
      await loop.feed(.adapters(await workshop.statuses()))
      let seeds = try NetworkFile.read(in: run.folder).seeds
      await loop.feed(
        .start(
          EngineStart(
            recovered: recovered, record: record, datagramSeed: datagramSeed, seeds: seeds, objects: objects.digests,
            place: place, isVouchedFor: run.isNewestCopy)))
      bench.listens(on: address.description)
    }
  }

  /// This node's record, newer than any it ever gave out, also when the clock was set back; its number is on disk
  /// before it is shown to anybody.
  ///
  /// - Parameter last: the highest incarnation that it ever gave out.
  private func ownRecord(
    at address: String, above last: Int, datagramKey: AgreementKey, leaving: Bool = false
  ) async throws -> SignedStatement {
    let incarnation = MemberRecord.incarnation(above: last, wallMilliseconds: Wall.milliseconds())
    try await writer.submit([
      .document(key: NodeEngine.incarnationKey, value: Array(String(incarnation).utf8)),
      .document(key: Self.listenKey, value: Array(address.utf8)),
    ])
    var random = Random.system()
    return try identity.memberRecord(
      name: run.configuration.name, kind: run.configuration.kind.rawValue, addresses: [address],
      datagramKey: datagramKey, incarnation: incarnation, instance: random.digest(),
      startedMilliseconds: startedMilliseconds, leaving: leaving)
  }

  /// Tells everybody that this node leaves on purpose, so that nobody takes it for failed.
  private func sayGoodbye() async {
    // Whoever looks for why a node ended finds that it was told to.
    run.logger.info("stops in order")
    // A node that never listened is known to nobody.
    guard !bench.current.listen.isEmpty else { return }
    guard let current = await loop.read({ engine, _ in engine.overlay.ownMemberRecord }) else { return }
    do {
      let record = try await ownRecord(
        at: bench.current.listen, above: current.incarnation, datagramKey: current.datagramKey, leaving: true)
      _ = try await loop.command(.leave(record))
    } catch {
      run.logger.notice("left without a goodbye: \(error)")
    }
    // Enough for the last frames to leave.
    try? await Task.sleep(for: .milliseconds(200))
  }

  private func serve() async throws {
    for await _ in bench.listening { break }
    // A node that could not listen is stopped here.
    try Task.checkCancellation()
    let door = NodeDoor(
      loop: loop, hands: hands, workshop: workshop, history: history,
      facts: .init(
        configuration: run.configuration, identity: identity, startedMilliseconds: startedMilliseconds,
        folder: run.folder, addresses: { bench.current }, headsProblem: { writer.headsProblem }))
    let socketPath = try run.folder.socketPath()
    let token = try run.httpAddress.map { _ in Hexadecimal.encode(try KeyFile(.token, in: run.folder).read()) }
    let tcp = run.httpAddress.flatMap { address in
      token.map { APIServer.TCP(host: address.host, port: address.port, token: $0) }
    }
    let server = APIServer(
      service: door, socketPath: socketPath, tcp: tcp, logger: run.logger,
      metrics: { NodeMetrics.exposition(await loop.read { engine, _ in engine.summary() }) },
      onReady: { addresses in await announce(addresses, socketPath: socketPath) })
    try await server.run()
    hands.notices.finish()
  }

  private func announce(_ addresses: APIServer.Addresses, socketPath: String) async {
    bench.serves(on: addresses.tcp)
    let endpoint = EndpointFile(
      node: identity.node, name: run.configuration.name, processID: ProcessID.own, socketPath: socketPath,
      listenAddress: bench.current.listen, httpAddress: bench.current.http, startedMilliseconds: startedMilliseconds)
    let http = bench.current.http.map { ", HTTP at \($0)" } ?? ""
    run.logger.info(
      "node \(run.configuration.name) (\(identity.node.short)) of network \(identity.network.short) listens at \(bench.current.listen)\(http)"
    )
    do {
      try endpoint.write(in: run.folder)
      try await ready(endpoint)
    } catch {
      hands.fail(error)
    }
  }

}

/// A service that ends by cancellation when the node is told to stop.
private struct Part: Service {
  let name: String
  let onShutdown: @Sendable () async -> Void
  let body: @Sendable () async throws -> Void

  init(
    _ name: String, onShutdown: @escaping @Sendable () async -> Void = {},
    _ body: @escaping @Sendable () async throws -> Void
  ) {
    self.name = name
    self.onShutdown = onShutdown
    self.body = body
  }

  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await body() }
      group.addTask {
        try await gracefulShutdown()
        await onShutdown()
      }
      // Whichever ends first, by its own end, by an error or because the node stops, ends the other.
      defer { group.cancelAll() }
      do {
        try await group.next()
      } catch is CancellationError {}
    }
  }
}
