public import Model
public import Sodium

/// What the overlay wants done, in order.
public enum OverlayEffect: Sendable {
  // For the transport.
  case dial(address: String, expecting: NodeID)
  case transmit(LinkID, [UInt8], lane: Lane)
  /// After what was transmitted before has left, or at once if it cannot.
  case close(LinkID, CloseReason)
  /// To HOST:PORT; it may be lost.
  case sendDatagram([UInt8], to: String)
  /// Show this record of this node in handshakes from now on.
  case present(SignedStatement)

  // For whoever has the cores and the clock.
  case verify(Verification)
  /// Sign in this node's name; comes back as `signed`.
  case sign(OverlaySigningID, Statement)
  /// Give `timer` back after this long. There is one timer: the newest replaces the one before.
  case setTimer(after: Duration)

  // To write in the step's transaction; all of it comes back with `OverlayStart`.
  case storeRecord(SignedStatement)
  case storeFact(SignedStatement, expiresMilliseconds: Int64)
  case forgetFact(StatementID)

  // For the engine.
  /// A fact of another member, verified; once while its id is remembered. Written in one transaction with its
  /// `storeFact`, it is delivered once across restarts too. `hops`: links that it passed on its way here.
  case deliverFact(SignedStatement, via: NodeID, hops: Int)
  /// A statement for this node, verified, from the peer that signed it; answer with `settle`. It comes again after
  /// a restart of this node, until it is settled.
  case deliverDirect(SignedStatement, within: Duration)
  case deliverMessage(PeerMessage, from: NodeID)
  case outcome(StatementID, to: NodeID, DirectOutcome)
  /// How a `ping` ended.
  case pinged(PingID, PingOutcome)
  /// This node's record is to be signed anew with this datagram key and an incarnation above its own and this one, made
  /// durable, and announced.
  case renewRecord(datagramKey: AgreementKey, above: Int)
  /// A broadcast that was not taken.
  case refusedBroadcast(StatementID, DropReason)
  case memberChanged(NodeID, MemberState)
  /// A member's record is new or newer: name, kind, addresses or keys may differ.
  case memberUpdated(NodeID)
  /// A link to the peer is there (or was replaced: what was under way may be lost).
  case linked(NodeID)
  case unlinked(NodeID, CloseReason)
  case dropped(DropReason, from: NodeID?)
  case notice(OverlayNotice)
}

/// Control frames overtake bulk frames in a link's queue.
public enum Lane: Hashable, Sendable {
  case control, bulk
}

/// Names one check of a signature.
public struct VerificationID: Hashable, Sendable, Comparable {
  public let number: UInt64

  public init(_ number: UInt64) {
    self.number = number
  }

  public static func < (left: VerificationID, right: VerificationID) -> Bool { left.number < right.number }
}

/// Names one signature to make.
public struct OverlaySigningID: Hashable, Sendable, Comparable {
  public let number: UInt64

  public init(_ number: UInt64) {
    self.number = number
  }

  public static func < (left: OverlaySigningID, right: OverlaySigningID) -> Bool { left.number < right.number }
}

/// Names one person's question whether a node answers.
public struct PingID: Hashable, Sendable {
  public let number: UInt64

  public init(_ number: UInt64) {
    self.number = number
  }
}

/// What came of a `ping`.
public enum PingOutcome: Hashable, Sendable {
  /// By datagrams, straight.
  case answered(roundTrip: Duration)
  /// By datagrams through another member.
  case answeredThroughOthers(roundTrip: Duration)
  /// On a stream; datagrams were lost.
  case answeredOnStream(roundTrip: Duration)
  case silent
  /// No such member.
  case unknown
}

/// A check of signatures that costs tens of microseconds, to be made on any thread.
public struct Verification: Sendable {
  enum Subject: Sendable {
    case statement(SignedStatement, VerificationKey)
    case member(SignedStatement, Genesis, NetworkID)
  }

  /// What came of it.
  public enum Finding: Sendable {
    case holds
    case member(CheckedMember)
    case refused
  }

  public let id: VerificationID
  let subject: Subject

  /// Makes the check; the answer goes back as `OverlayInput.verified(id, finding)`.
  public func finding() -> Finding {
    switch subject {
    case .statement(let signed, let key): return signed.verifies(with: key) ? .holds : .refused
    case .member(let signed, let genesis, let network):
      guard let member = try? CheckedMember(signed, genesis: genesis, network: network) else { return .refused }
      return .member(member)
    }
  }

  /// Names everything that the finding depends on: two checks with equal keys have equal findings, so that a
  /// simulation of many nodes makes each of them once.
  public var memoKey: MemoKey {
    switch subject {
    case .statement(let signed, let key): MemoKey(statement: signed.id, signature: signed.signature, key: key.bytes)
    case .member(let signed, _, let network):
      MemoKey(statement: signed.id, signature: signed.signature, key: network.digest.bytes)
    }
  }

  public struct MemoKey: Hashable, Sendable {
    let statement: StatementID
    let signature: Signature
    let key: [UInt8]
  }
}

/// How a direct statement ended.
public enum DirectOutcome: Hashable, Sendable {
  case accepted
  case refused(reason: String)
  /// There is no room for it now, here or at the peer: worth another try later.
  case busy
  /// No answer until the deadline: whether the peer has it is not known.
  case expired
}

public enum MemberState: String, Hashable, Sendable {
  case alive
  /// It did not answer somebody, and others are looking.
  case suspected
  /// Enough members said, signed, that it does not answer; or it has not answered this node for long.
  case failed
  /// Said goodbye.
  case left
}

/// What a person should hear of.
public enum OverlayNotice: Hashable, Sendable {
  /// Another process runs with this node's key. It must be stopped: two count as faulty.
  case sameKeyElsewhere(address: String?)
  /// The other process has gone, and this node announces itself anew.
  case sameKeyGone
  /// Two processes run with one member's key.
  case memberRunsTwice(NodeID)
  /// Two working keys of a member were certified for one epoch.
  case memberHasTwoKeys(NodeID)
  case peerMisbehaved(NodeID)
  case unreachable(NodeID, address: String, reason: String)
  case recordRefused(NodeID?, IdentityError)
  /// A node that is admitted did not become a member here.
  case keptOut(NodeID, CloseReason)
  /// A member did not let this node in.
  case refused(by: NodeID, StreamRefusal)
}

extension OverlayNotice {
  /// Whether it tells of something that stays wrong until somebody does something.
  public var isProblem: Bool {
    switch self {
    case .sameKeyElsewhere, .memberRunsTwice, .memberHasTwoKeys, .peerMisbehaved, .keptOut, .refused: true
    case .sameKeyGone, .unreachable, .recordRefused: false
    }
  }

  /// The other node that it is about, if it is known.
  public var node: NodeID? {
    switch self {
    case .memberRunsTwice(let node), .memberHasTwoKeys(let node), .peerMisbehaved(let node),
      .unreachable(let node, _, _), .keptOut(let node, _), .refused(let node, _):
      node
    case .recordRefused(let node, _): node
    case .sameKeyElsewhere, .sameKeyGone: nil
    }
  }
}

extension OverlayNotice: CustomStringConvertible {
  public var description: String {
    switch self {
    case .sameKeyElsewhere(let address):
      "another process runs with this node's key\(address.map { " at \($0)" } ?? ""); stop one of the two"
    case .sameKeyGone: "the other process with this node's key has gone; this node announces itself anew"
    case .memberRunsTwice(let node): "two processes run with the key of node \(node.short); its owner must stop one"
    case .memberHasTwoKeys(let node):
      "node \(node.short) shows two working keys for one epoch: what it signs by one is no good for who knows the other"
    case .peerMisbehaved(let node): "node \(node.short) sent too many bad frames; its link is closed"
    case .unreachable(let node, let address, let reason): "no stream to node \(node.short) at \(address): \(reason)"
    case .keptOut(let node, .invitationUsedUp):
      "node \(node.short) was not let in: another node has come in by its invitation; "
        + "if it is to be a member, give it one of its own: jointcloud network invite"
    case .keptOut(let node, .otherAdmission):
      "a record of node \(node.short) was not taken: it came in by one grant, and shows another"
    case .keptOut(let node, .revoked): "node \(node.short) was not let in: the network has cut it off by vote"
    case .keptOut(let node, .notVotedIn):
      "node \(node.short) was not let in: no decision of the network that admits it is known here"
    case .keptOut(let node, _):
      "node \(node.short) was not let in: this node holds as many members as it can"
    case .refused(let node, .invitationUsedUp):
      "node \(node.short) does not let this node in: another node has come in by the invitation; "
        + "ask a founder for another, and join with a new data folder"
    case .refused(let node, let refusal): "node \(node.short) \(refusal.verb): \(refusal)"
    case .recordRefused(let node, let error): "the record of \(node.map { "node \($0.short)" } ?? "a node"): \(error)"
    }
  }
}

/// A member as the engine and people see it.
public struct KnownMember: Hashable, Sendable {
  public let id: NodeID
  public let name: String
  public let kind: String
  public let addresses: [String]
  public let state: MemberState
  /// When the state began.
  public let since: Moment
  /// The newest round trip of a probe of this node's.
  public let roundTrip: Duration?
  /// Whether a stream to it is open now.
  public let isLinked: Bool
  /// Who said that it does not answer, as long as it is suspected or failed.
  public let accusers: [NodeID]
  public let lastHeard: Moment?
  public let incarnation: Int
  public let epoch: Int
  public let startedMilliseconds: Int64
  /// Verifies the member's statements of `epoch`.
  public let signingKey: VerificationKey
  /// The certificate of that key, for ledgers and offline checks.
  public let certificate: SignedStatement
}
