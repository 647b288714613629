public import Model
public import Sodium

/// One encrypted connection to a peer; numbered by the transport, never used twice in a process.
public struct LinkID: Hashable, Sendable, Comparable, CustomStringConvertible {
  public let number: UInt64

  public init(_ number: UInt64) {
    self.number = number
  }

  public static func < (left: LinkID, right: LinkID) -> Bool { left.number < right.number }
  public var description: String { "link \(number)" }
}

/// What the overlay is told.
public enum OverlayInput: Sendable {
  /// The first input: who else is known, and what was under way.
  case start(OverlayStart)
  /// The transport's handshake is done; the record's signatures, admission and the key's possession are proven.
  case linkOpened(LinkID, peer: SignedStatement, dialled: Bool)
  case linkClosed(LinkID, CloseReason)
  /// A decrypted frame.
  case frame(LinkID, [UInt8])
  /// A datagram as it came, from HOST:PORT.
  case datagram([UInt8], from: String)
  /// A `dial` effect came to nothing.
  case dialFailed(NodeID, address: String, reason: String)
  /// The transport dropped so many before or beside a link.
  case dropped(DropReason, count: Int)
  /// The handshake met another process that has this node's key.
  case sameKeyMet(address: String)
  /// The timer that a `setTimer` effect asked for.
  case timer
  /// The answer to a `verify` effect, in any order.
  case verified(VerificationID, Verification.Finding)
  /// The answer to a `sign` effect, in any order.
  case signed(OverlaySigningID, Signature)
  /// Spread a fact signed by this node; its body bears `expiresMilliseconds`, by the wall clock and at most 24 h
  /// ahead: until then it is worth relaying.
  case broadcast(SignedStatement)
  /// Deliver a statement signed by this node to one peer; its outcome comes as an `outcome` effect.
  case send(SignedStatement, to: NodeID, within: Duration)
  /// The engine's answer to a `deliverDirect`, given once it is durable.
  case settle(StatementID, from: NodeID, DirectAnswer)
  /// Send over the link of the moment; dropped (`unlinked` tells) when there is none.
  case sendMessage(PeerMessage, to: NodeID)
  /// Keep links to these nodes standing, besides those that the overlay wants itself.
  case keepLinked(Set<NodeID>)
  /// Find out whether and how fast a node answers; comes back as a `pinged` effect.
  case ping(NodeID, PingID)
  /// Whom the network has cut off and let in by vote, all of them; also before `start`.
  case decided(revoked: Set<NodeID>, admitted: Set<NodeID>)
  /// This node's record has changed (a new address or datagram key, a higher incarnation).
  case announce(SignedStatement)
  /// Say goodbye with a record whose `leaving` is true, and close every link.
  case leave(SignedStatement)
}

/// What survives a restart.
public struct OverlayStart: Sendable {
  /// This node's record, with a higher incarnation than ever before.
  public var record: SignedStatement
  /// The seed of the record's datagram key: 32 bytes, drawn for this start.
  public var datagramSeed: [UInt8]
  /// Where to knock first: from the invitation.
  public var seeds: [Invitation.Seed]
  /// Records and facts that `storeRecord` and `storeFact` effects handed out, in any order.
  public var records: [SignedStatement]
  public var facts: [SignedStatement]

  public init(
    record: SignedStatement, datagramSeed: [UInt8], seeds: [Invitation.Seed], records: [SignedStatement] = [],
    facts: [SignedStatement] = []
  ) {
    self.record = record
    self.datagramSeed = datagramSeed
    self.seeds = seeds
    self.records = records
    self.facts = facts
  }
}

/// What the receiver's engine says to a direct statement.
public enum DirectAnswer: Hashable, Sendable {
  case accepted
  case refused(reason: String)
  /// There is no room for it now: the sender is to send it again later.
  case busy
}
