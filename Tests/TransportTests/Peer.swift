import Logging
import Model
import Overlay
import Sodium
import Synchronization
import Transport

/// A transport on a real port, with what it reported.
final class Peer: Sendable {
  private struct Seen: Sendable {
    var inputs: [OverlayInput] = []
    var address: HostPort?
    var isHeldBack = false
  }

  /// Shared with the transport's report, which must not hold the peer itself.
  private final class Board: Sendable {
    let seen = Mutex(Seen())
  }

  let identity: LocalIdentity
  let record: SignedStatement
  let transport: PeerTransport
  private let board: Board

  init(
    _ identity: LocalIdentity, source: any ObjectSource = NoObjects(), limits: TransportLimits = TransportLimits()
  ) throws {
    self.identity = identity
    record = try identity.memberRecord(
      name: "peer", kind: "edge", addresses: [], datagramKey: try AgreementKey(datagramSeed: secureRandomBytes(32)),
      incarnation: 1, instance: Digest(of: secureRandomBytes(32)),
      startedMilliseconds: 0)
    let board = Board()
    self.board = board
    transport = PeerTransport(
      identity: identity, source: source, limits: limits,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) { inputs in
      board.seen.withLock { $0.inputs += inputs }
      while board.seen.withLock({ $0.isHeldBack }), !Task.isCancelled { await Task.yield() }
    }
    transport.use(record: record)
  }

  var inputs: [OverlayInput] { board.seen.withLock { $0.inputs } }
  var node: NodeID { identity.node }
  /// While true, whoever reports waits.
  var isHeldBack: Bool {
    get { board.seen.withLock { $0.isHeldBack } }
    set { board.seen.withLock { $0.isHeldBack = newValue } }
  }
  var address: HostPort? { board.seen.withLock { $0.address } }

  /// Runs until cancelled.
  func run(on address: HostPort = HostPort(host: "127.0.0.1", port: 0)) async throws {
    try await transport.run(on: address) { bound in self.board.seen.withLock { $0.address = bound } }
  }

  /// Looks again and again until `look` finds something; the test's time limit bounds it.
  func find<Value>(_ look: () -> Value?) async throws -> Value {
    while true {
      if let value = look() { return value }
      try await Task.sleep(for: .milliseconds(1))
    }
  }

  func first<Value>(_ pick: (OverlayInput) -> Value?) async throws -> Value {
    try await find { inputs.lazy.compactMap(pick).first }
  }

  func listening() async throws -> HostPort { try await find { address } }

  func opened() async throws -> LinkID {
    try await first { if case .linkOpened(let link, _, _) = $0 { link } else { nil } }
  }

  func closed() async throws -> CloseReason {
    try await first { if case .linkClosed(_, let reason) = $0 { reason } else { nil } }
  }

  func dropped() async throws -> DropReason {
    try await first { if case .dropped(let reason, _) = $0 { reason } else { nil } }
  }

  /// How many were dropped for this reason.
  func count(_ reason: DropReason) -> Int {
    inputs.reduce(0) { sum, input in
      if case .dropped(reason, let count) = input { sum + count } else { sum }
    }
  }

  func datagrams() -> [(bytes: [UInt8], source: String)] {
    inputs.compactMap { if case .datagram(let bytes, let source) = $0 { (bytes, source) } else { nil } }
  }

  func dialFailure() async throws -> String {
    try await first { if case .dialFailed(_, _, let reason) = $0 { reason } else { nil } }
  }

  func frames() -> [[UInt8]] {
    inputs.compactMap { if case .frame(_, let bytes) = $0 { bytes } else { nil } }
  }
}

/// A network with a founder and as many members as are asked for.
struct Network {
  private let founderIdentity: LocalIdentity
  private var random = Random.system()
  static let farAway: Int64 = 4_000_000_000_000

  init(name: String = "test") throws {
    founderIdentity = try LocalIdentity.founding(
      name: name, seeds: NodeSeeds(random: &random), createdMilliseconds: 0, nonce: random.digest())
  }

  var founder: LocalIdentity { founderIdentity }

  mutating func member(untilMilliseconds: Int64 = Network.farAway) throws -> LocalIdentity {
    let invitation = try founderIdentity.invite(
      seeds: [], expiresMilliseconds: untilMilliseconds, keySeed: random.digest())
    return try LocalIdentity.joining(invitation, seeds: NodeSeeds(random: &random), nowMilliseconds: 0)
  }
}

/// Runs the peers while `body` runs; afterwards all of them must end.
func running(_ peers: [Peer], on host: String = "127.0.0.1", _ body: () async throws -> Void) async throws {
  try await withThrowingTaskGroup(of: Void.self) { group in
    for peer in peers { group.addTask { try await peer.run(on: HostPort(host: host, port: 0)) } }
    do {
      for peer in peers { _ = try await peer.listening() }
      try await body()
    } catch {
      group.cancelAll()
      throw error
    }
    group.cancelAll()
    while let result = await group.nextResult() {
      if case .failure(let error) = result, !(error is CancellationError) { throw error }
    }
  }
}

struct NoObjects: ObjectSource {
  func open(_ reference: ObjectReference, for peer: NodeID) async throws -> (any ObjectReader)? { nil }
}
