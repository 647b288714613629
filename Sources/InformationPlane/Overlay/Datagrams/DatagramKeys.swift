import Model
import Sodium

/// This node's datagram keys and what it has in common with each peer: keys are derived on first use.
struct DatagramKeys: Sendable {
  /// One of this node's pairs.
  struct Own: Sendable {
    let pair: BoxKeyPair
    /// Tells this process's pairs apart.
    let serial: Int
    /// The incarnation of the record that names it.
    var number: UInt64
    /// The uptime from which nobody is expected to use it; nil while it is the newest.
    var endsAt: Duration?
  }

  /// A peer's public key, from its record.
  struct Peer: Hashable, Sendable {
    let key: AgreementKey
    let number: UInt64
  }

  /// What two keys have in common, one way and the other.
  private struct Session: Sendable {
    let key: BoxKey
    var sent: UInt64 = 0
    var window = ReplayWindow()
  }

  /// By the keys themselves, not by their numbers: one pair under two numbers is one run of counters.
  private struct SessionID: Hashable, Sendable {
    let own: Int
    let node: NodeID
    let key: AgreementKey
  }

  /// Newest first: the current, and the one before until it ends.
  private(set) var own: [Own] = []
  private var sessions: [SessionID: Session] = [:]
  private var nextSerial = 0

  var current: Own? { own.first }

  /// Takes a pair into use; the one before is still good for what is under way.
  mutating func adopt(_ pair: BoxKeyPair, number: UInt64, grace: Duration, at uptime: Duration) {
    own = own.prefix(1).map { Own(pair: $0.pair, serial: $0.serial, number: $0.number, endsAt: uptime + grace) }
    own.insert(Own(pair: pair, serial: nextSerial, number: number), at: 0)
    nextSerial += 1
    forgetSessionsOfEarlierPairs()
  }

  /// The present pair stands in a newer record.
  mutating func renumber(_ number: UInt64) {
    guard !own.isEmpty else { return }
    own[0].number = number
  }

  /// Forgets pairs whose time is over.
  mutating func expire(at uptime: Duration) {
    guard own.contains(where: { $0.endsAt.map { $0 <= uptime } ?? false }) else { return }
    own.removeAll { $0.endsAt.map { $0 <= uptime } ?? false }
    forgetSessionsOfEarlierPairs()
  }

  /// Forgets what was in common with keys of a node that it no longer uses.
  mutating func forget(_ node: NodeID, except kept: [AgreementKey]) {
    forgetSessions { $0.node == node && !kept.contains($0.key) }
  }

  private mutating func forgetSessionsOfEarlierPairs() {
    let serials = own.map(\.serial)
    forgetSessions { !serials.contains($0.own) }
  }

  private mutating func forgetSessions(where isOver: (SessionID) -> Bool) {
    for id in sessions.keys where isOver(id) { sessions[id] = nil }
  }

  /// - Returns: nil when the peer's key is unusable, or this node has none yet.
  mutating func seal(_ packet: [UInt8], by node: NodeID, for peer: NodeID, _ key: Peer) -> [UInt8]? {
    guard let own = current, var session = session(own, peer, key) else { return nil }
    session.sent += 1
    sessions[SessionID(own: own.serial, node: peer, key: key.key)] = session
    return SealedDatagram.sealed(
      packet, by: node, keyNumber: own.number, for: key.key.bytes, counter: session.sent, with: session.key)
  }

  /// Opens a datagram and marks its counter as seen.
  mutating func open(
    _ datagram: SealedDatagram, from peer: NodeID, _ key: Peer
  ) throws(DatagramFault) -> [UInt8] {
    guard let own = own.first(where: { $0.pair.publicKey.starts(with: datagram.hint) }) else { throw .otherKey }
    guard var session = session(own, peer, key) else { throw .unusableKey }
    let id = SessionID(own: own.serial, node: peer, key: key.key)
    // Kept whoever it is from: to derive it anew costs far more than to find a forgery, and there is one for each pair of
    // keys that stand in records.
    defer { sessions[id] = session }
    guard session.window.isNew(datagram.counter) else { throw .replayed }
    guard let packet = try? datagram.opened(by: peer, with: session.key) else { throw .notAuthentic }
    session.window.take(datagram.counter)
    return packet
  }

  private func session(_ own: Own, _ node: NodeID, _ key: Peer) -> Session? {
    sessions[SessionID(own: own.serial, node: node, key: key.key)] ?? Self.session(own, key)
  }

  private static func session(_ own: Own, _ key: Peer) -> Session? {
    (try? own.pair.shared(with: key.key.bytes)).map { Session(key: $0) }
  }
}

/// Why a datagram was not opened.
enum DatagramFault: Error {
  /// It is for a key that this node does not have (any more).
  case otherKey
  case unusableKey
  case replayed
  case notAuthentic
}
