import Logging
import Model
import NIOCore
import NIOPosix
import Overlay
import Sodium
import Synchronization

/// The overlay's links and the objects' streams over TCP. `report` holds a link's reading back for as long as it takes.
final class StreamTransport: Sendable {
  struct Seat: Sendable {
    let outbox: Outbox
    let channel: any Channel
  }

  struct State {
    var record: SignedStatement?
    var members: Set<NodeID> = []
    var links: [LinkID: Seat] = [:]
    var nextLink: UInt64 = 1
    var connections = 0
    var handshakes = 0
    /// By the network that the other end's address is in.
    var handshakesByNetwork: [UInt64: Int] = [:]
    /// Object streams that are served, and whose they are.
    var serving = 0
    var servingByPeer: [NodeID: Int] = [:]
  }

  private struct DialRequest: Sendable {
    let address: String
    let expecting: NodeID
  }

  let identity: LocalIdentity
  let loop: NetworkLoop
  let limits: TransportLimits
  let source: any ObjectSource
  let report: @Sendable ([OverlayInput]) async -> Void
  let drops: DropTally
  let records: CheckedRecords
  private let addresses: AddressBook
  let logger: Logger
  let state = Mutex(State())
  let fetches: Permits
  private let refusalLog = LogPace(lines: 10, per: .seconds(60), pause: .seconds(3_600))
  private let dials: AsyncStream<DialRequest>
  private let dialling: AsyncStream<DialRequest>.Continuation

  init(
    identity: LocalIdentity, source: any ObjectSource, loop: NetworkLoop, limits: TransportLimits,
    addresses: AddressBook, drops: DropTally, logger: Logger, report: @escaping @Sendable ([OverlayInput]) async -> Void
  ) {
    self.identity = identity
    self.loop = loop
    self.limits = limits
    self.addresses = addresses
    self.source = source
    self.drops = drops
    self.logger = logger
    self.report = report
    records = CheckedRecords(limit: limits.checkedRecords)
    fetches = Permits(limits.fetching)
    (dials, dialling) = AsyncStream.makeStream(of: DialRequest.self, bufferingPolicy: .bufferingOldest(limits.dials))
  }

  // MARK: Running

  typealias Server = NIOAsyncChannel<any Channel, Never>

  /// - Throws: `TransportError`.
  func bind(_ address: HostPort) async throws -> Server {
    do {
      return try await ServerBootstrap(group: loop.eventLoop)
        .serverChannelOption(.backlog, value: 256)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        // Nothing is read before a task has taken the connection up.
        .childChannelOption(.autoRead, value: false)
        .bind(host: address.host, port: address.port) { $0.eventLoop.makeSucceededFuture($0) }
    } catch {
      throw TransportError(error, listeningOn: address, for: .streams)
    }
  }

  /// Serves and dials until cancelled.
  func serve(_ arrivals: NIOAsyncChannelInboundStream<any Channel>) async throws {
    try await withThrowingDiscardingTaskGroup { group in
      group.addTask { await self.dialAll() }
      try await withThrowingDiscardingTaskGroup { connections in
        for try await channel in arrivals {
          connections.addTask { await self.serve(channel) }
        }
        connections.cancelAll()
      }
      group.cancelAll()
    }
  }

  private func dialAll() async {
    await withDiscardingTaskGroup { group in
      for await request in dials {
        group.addTask { await self.dial(request.address, expecting: request.expecting) }
      }
    }
  }

  // MARK: What the node tells

  /// Presents this record from now on.
  func use(record: SignedStatement) { state.withLock { $0.record = record } }

  /// Lets a member in though its grant is over: it was admitted in time.
  func admit(_ member: NodeID) { state.withLock { _ = $0.members.insert(member) } }

  func expel(_ member: NodeID) { state.withLock { _ = $0.members.remove(member) } }

  /// - Returns: false for an effect that is for somebody else.
  func perform(_ effect: OverlayEffect) -> Bool {
    switch effect {
    case .dial(let address, let node):
      if case .dropped = dialling.yield(DialRequest(address: address, expecting: node)) {
        logger.warning("too many dials wait for their turn", metadata: ["node": "\(node.short)"])
      }
    case .transmit(let link, let frame, let lane): transmit(frame, on: link, lane)
    case .close(let link, let reason): close(link, reason)
    case .present(let record): use(record: record)
    default: return false
    }
    return true
  }

  private func transmit(_ frame: [UInt8], on link: LinkID, _ lane: Lane) {
    guard let seat = state.withLock({ $0.links[link] }) else { return }
    guard !seat.outbox.put(frame, lane) else { return }
    seat.outbox.end(.slowReader, discarding: true)
    seat.channel.close(promise: nil)
  }

  private func close(_ link: LinkID, _ reason: CloseReason) {
    guard let seat = state.withLock({ $0.links[link] }) else { return }
    seat.outbox.end(reason)
    // The writer closes when all is sent; this is for a peer that does not let it.
    seat.channel.eventLoop.scheduleTask(in: limits.closeGrace) { [channel = seat.channel] in
      channel.close(promise: nil)
    }
  }

  /// How many links are open.
  var linkCount: Int { state.withLock { $0.links.count } }

  // MARK: Connections

  /// Counts a connection in, unless there are too many.
  private func enter(from network: UInt64) -> Bool {
    state.withLock { state in
      guard state.connections < limits.connections, state.handshakes < limits.handshakes,
        state.handshakesByNetwork[network, default: 0]
          < min(limits.handshakesPerNetwork, limits.handshakes - state.handshakes)
      else { return false }
      state.connections += 1
      state.handshakes += 1
      state.handshakesByNetwork[network, default: 0] += 1
      return true
    }
  }

  private func leave() { state.withLock { $0.connections -= 1 } }

  private func leaveHandshake(from network: UInt64) {
    state.withLock { state in
      state.handshakes -= 1
      let left = state.handshakesByNetwork[network, default: 1] - 1
      state.handshakesByNetwork[network] = left == 0 ? nil : left
    }
  }

  private func serve(_ channel: any Channel) async {
    let remote = channel.remoteAddress
    // Found before anything ends the connection: afterwards nobody knows where it came from.
    let origin =
      remote?.port.map { "\(HostPort(host: remote?.ipAddress ?? "", port: $0))" } ?? "an address that is gone"
    let network = remote?.network ?? 0
    guard enter(from: network) else {
      channel.close(promise: nil)
      return drops.count(.tooManyConnections)
    }
    defer { leave() }
    do {
      let connection: Connection
      do {
        connection = try await take(channel)
      } catch {
        leaveHandshake(from: network)
        throw error
      }
      try await connection.executeThenClose { inbound, outbound in
        var reader = FrameReader(inbound, limit: Handshake.messageByteLimit)
        let session: Session
        do {
          defer { leaveHandshake(from: network) }
          session = try await shakeHands(asListenerOn: channel, &reader, outbound)
        }
        switch session.purpose {
        case .control: await runLink(session, channel, reader, outbound)
        case .objects: await serveObjects(session, channel, reader, outbound)
        }
      }
    } catch let error as HandshakeError {
      await note(error, from: origin)
    } catch {
      logger.debug("a connection broke", metadata: ["error": "\(error)"])
    }
  }

  private func note(_ error: HandshakeError, from origin: String) async {
    let reason = error == .closedEarly ? "it closed the connection during the handshake" : "\(error)"
    let host = HostPort(origin)?.host ?? origin
    // Strangers must not fill the log.
    if let untold = refusalLog.admits("\(host) \(reason)", at: .now) {
      if untold > 0 { logger.info("refused \(untold) more connections; node status counts them by reason") }
      logger.info("refused a connection", metadata: ["from": "\(origin)", "reason": "\(reason)"])
    }
    if error == .sameKeyElsewhere {
      await report([.sameKeyMet(address: origin)])
    } else {
      drops.count(error.dropReason)
    }
  }

  private func dial(_ address: String, expecting node: NodeID) async {
    do {
      try await connect(to: address, node: node, purpose: .control) { session, channel, reader, outbound in
        await self.runLink(session, channel, reader, outbound)
      }
    } catch is CancellationError {
      return
    } catch HandshakeError.sameKeyElsewhere {
      await report([.sameKeyMet(address: address)])
      // Who looked for it has found it.
      guard node != identity.node else { return }
      await report([.dialFailed(node, address: address, reason: "\(HandshakeError.sameKeyElsewhere)")])
    } catch {
      await report([.dialFailed(node, address: address, reason: PlainCause(error).description)])
    }
  }

  /// Connects, shakes hands, and hands the stream over.
  ///
  /// - Throws: `HandshakeError`, what connecting throws, what `body` throws.
  func connect<Result: Sendable>(
    to address: String, node: NodeID, purpose: StreamPurpose,
    _ body:
      @Sendable (Session, any Channel, FrameReader, NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws ->
      Result
  ) async throws -> Result {
    guard let place = HostPort(address) else { throw HandshakeError.garbage(what: "address \(address)") }
    let channel = try await reach(place)
    let connection = try await take(channel)
    return try await connection.executeThenClose { inbound, outbound in
      var reader = FrameReader(inbound, limit: Handshake.messageByteLimit)
      let session = try await shakeHands(asDiallerOn: channel, node, purpose, &reader, outbound)
      return try await body(session, channel, reader, outbound)
    }
  }

  private func reach(_ place: HostPort) async throws(Unreachable) -> any Channel {
    do {
      let bootstrap = ClientBootstrap(group: loop.eventLoop)
        .connectTimeout(limits.connectTimeout)
        .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        .channelOption(.autoRead, value: false)
      if let literal = AddressBook.literal(place) { return try await bootstrap.connect(to: literal).get() }
      return try await bootstrap.resolver(BookResolver(book: addresses, loop: loop.eventLoop))
        .connect(host: place.host, port: place.port).get()
    } catch ChannelError.connectTimeout where AddressBook.literal(place) == nil {
      throw Unreachable(description: "no answer in time: from it, or from who knows its name")
    } catch {
      throw Unreachable(description: PlainCause(error).description)
    }
  }

  /// Wraps a channel that nothing was read from yet.
  private func take(_ channel: any Channel) async throws -> Connection {
    let connection = try await channel.eventLoop.submit {
      try Connection(
        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: false))
    }.get()
    channel.setOption(.autoRead, value: true).whenFailure { _ in channel.close(promise: nil) }
    return connection
  }
}
