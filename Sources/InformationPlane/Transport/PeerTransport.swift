public import Logging
public import Model
import NIOCore
public import Overlay

/// The node's way to its peers: streams over TCP and datagrams over UDP, under one port number.
///
/// `run` is the only place where tasks live; everything else may be called from any thread and does not wait.
/// What happens goes to `report` as inputs for the overlay: one link's in order, the datagrams in theirs. `report`
/// holds back reading for as long as it takes.
public final class PeerTransport: Sendable {
  private let streams: StreamTransport
  private let datagrams: DatagramTransport
  private let mailbox: Mailbox
  private let drops: DropTally
  private let limits: TransportLimits
  private let loop: NetworkLoop
  private let report: @Sendable ([OverlayInput]) async -> Void

  public init(
    identity: LocalIdentity, source: any ObjectSource, loop: NetworkLoop = NetworkLoop(),
    limits: TransportLimits = TransportLimits(), logger: Logger,
    report: @escaping @Sendable ([OverlayInput]) async -> Void
  ) {
    let mailbox = Mailbox(limit: limits.mailbox)
    let drops = DropTally(interval: limits.dropInterval) { mailbox.ring() }
    let addresses = AddressBook(limits: limits)
    streams = StreamTransport(
      identity: identity, source: source, loop: loop, limits: limits, addresses: addresses, drops: drops,
      logger: logger, report: report)
    datagrams = DatagramTransport(
      loop: loop, limits: limits, addresses: addresses, mailbox: mailbox, drops: drops, logger: logger)
    self.mailbox = mailbox
    self.drops = drops
    self.limits = limits
    self.loop = loop
    self.report = report
  }

  // MARK: Running

  /// Listens and serves until cancelled.
  ///
  /// - Parameters:
  ///   - address: where to listen; port 0 takes one that is free for both.
  ///   - listening: is told the address in use, before anybody is served. Give `use(record:)` there at the latest.
  /// - Throws: `TransportError` when it cannot listen, or its socket fails; what `listening` throws.
  public func run(on address: HostPort, listening: @Sendable (HostPort) async throws -> Void) async throws {
    let server = try await bind(address)
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(
        try await server.executeThenClose { arrivals in
          let bound = HostPort(host: address.host, port: server.channel.localAddress?.port ?? address.port)
          try await listening(bound)
          try await withThrowingDiscardingTaskGroup { group in
            // Who is alive is asked in datagrams: where the engine has much to do, these go before what streams bring. For
            // the loop itself they wait as all do, for what each link brings at a time.
            group.addTask(executorPreference: loop, priority: .high) { try await self.tellWhatCame(to: bound) }
            try await self.streams.serve(arrivals)
            group.cancelAll()
          }
        })
    } catch {
      outcome = .failure(error)
    }
    await datagrams.close()
    try outcome.get()
  }

  /// Binds both sockets. Where any port will do, one that is free for streams may be taken for datagrams.
  private func bind(_ address: HostPort) async throws -> StreamTransport.Server {
    var triesLeft = address.port == 0 ? limits.portTries : 1
    while true {
      triesLeft -= 1
      let server = try await streams.bind(address)
      let bound = HostPort(host: address.host, port: server.channel.localAddress?.port ?? address.port)
      do {
        try await datagrams.bind(bound)
        return server
      } catch {
        try await server.executeThenClose { _ in }
        guard case TransportError.addressInUse = error, triesLeft > 0 else { throw error }
      }
    }
  }

  /// Hands over datagrams and what was dropped, many at a time.
  private func tellWhatCame(to address: HostPort) async throws {
    for await _ in mailbox.rings {
      while true {
        let inputs = mailbox.take(atMost: limits.datagramBatch) + drops.take()
        if inputs.isEmpty { break }
        await report(inputs)
      }
    }
    if !Task.isCancelled { throw TransportError.socketFailed(address) }
  }

  // MARK: What the node tells

  /// Presents this record from now on.
  public func use(record: SignedStatement) { streams.use(record: record) }

  /// Lets a member in though its grant is over: it was admitted in time.
  public func admit(_ member: NodeID) { streams.admit(member) }

  /// Begins to serve nothing more to a node that was let in before. What is being served to it ends by itself.
  public func expel(_ member: NodeID) { streams.expel(member) }

  /// The chain of this record was checked: it need not be when its node connects.
  public func remember(_ member: CheckedMember) { streams.records.insert(member) }

  /// Does what an effect for the transport says.
  ///
  /// - Returns: false for an effect that is for somebody else.
  @discardableResult
  public func perform(_ effect: OverlayEffect) -> Bool {
    if case .sendDatagram(let bytes, let address) = effect {
      datagrams.send(bytes, to: address)
      return true
    }
    return streams.perform(effect)
  }

  /// How many links are open.
  public var linkCount: Int { streams.linkCount }

  /// Brings an object from a peer into `sink`, from `offset` on.
  ///
  /// - Throws: `ObjectFetchError`, what the sink throws.
  public func fetch(
    _ reference: ObjectReference, from node: NodeID, address: String, offset: Int = 0, into sink: some ObjectSink
  ) async throws {
    try await streams.fetch(reference, from: node, address: address, offset: offset, into: sink)
  }
}
