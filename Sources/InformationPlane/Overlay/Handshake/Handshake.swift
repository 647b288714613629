public import Model
import Sodium
import SwiftProtobuf
import Wire

import struct FoundationEssentials.Data

/// What a stream is for; the dialler chooses.
public enum StreamPurpose: UInt8, Hashable, Sendable {
  case control = 1
  case objects = 2
}

/// The mutual handshake of one connection as a state machine over messages (docs/protocol/README.md): fresh
/// X25519 keys, then records and proofs under their encryption. The end that dials speaks first and shows itself
/// first; the end that listens says nothing to who does not know the network.
public struct Handshake: Sendable {
  /// The largest message in bytes.
  public static let messageByteLimit = 80 * 1_024

  /// What comes of a message.
  public enum Progress: Sendable {
    case reply([UInt8])
    case finished(Session, reply: [UInt8]?)
    /// Send the reply, which tells the peer who is here, then close for this reason.
    case refused(HandshakeError, reply: [UInt8]?)
  }

  enum State: Sendable {
    case dialled(expecting: NodeID, hello: [UInt8])
    case listening
    case introducing(expecting: NodeID, transcript: Digest, SecretStreamSender, SecretStreamReceiver)
    case answered(hellos: [UInt8], keys: KeyExchange.SessionKeys, SecretStreamSender, StreamPurpose)
    case over
  }

  static let magic = Array("JCS1".utf8)
  static let tagByteCount = Digest.byteCount
  static let firstByteCount = magic.count + 1 + KeyExchange.byteCount
  static let secondByteCount = KeyExchange.byteCount + SecretStreamSender.headerByteCount

  let identity: LocalIdentity
  let record: CheckedMember
  let exchange: KeyExchange
  let purpose: StreamPurpose
  var state: State

  private init(
    identity: LocalIdentity, record: SignedStatement, ephemeralSeed: [UInt8], purpose: StreamPurpose, state: State
  ) throws(HandshakeError) {
    self.identity = identity
    do {
      self.record = try CheckedMember(trusting: record, network: identity.network)
    } catch {
      throw .refused(error)
    }
    guard let exchange = try? KeyExchange(seed: ephemeralSeed) else {
      throw .garbage(what: "an ephemeral seed of \(ephemeralSeed.count) bytes")
    }
    self.exchange = exchange
    self.purpose = purpose
    self.state = state
  }

  /// The dialling end.
  ///
  /// - Parameters:
  ///   - record: this node's own, newest.
  ///   - ephemeralSeed: 32 fresh random bytes.
  /// - Returns: the state machine, and the first message.
  /// - Throws: `HandshakeError` for unusable arguments.
  public static func dial(
    expecting: NodeID, purpose: StreamPurpose, identity: LocalIdentity, record: SignedStatement,
    ephemeralSeed: [UInt8]
  ) throws(HandshakeError) -> (Handshake, first: [UInt8]) {
    var handshake = try Handshake(
      identity: identity, record: record, ephemeralSeed: ephemeralSeed, purpose: purpose, state: .over)
    let open = magic + [purpose.rawValue] + handshake.exchange.publicKey
    let hello = open + handshake.tag("dialler hello", open)
    handshake.state = .dialled(expecting: expecting, hello: hello)
    return (handshake, hello)
  }

  /// The listening end. Arguments as for `dial`.
  ///
  /// - Throws: `HandshakeError` for unusable arguments.
  public static func listen(
    identity: LocalIdentity, record: SignedStatement, ephemeralSeed: [UInt8]
  ) throws(HandshakeError) -> Handshake {
    try Handshake(
      identity: identity, record: record, ephemeralSeed: ephemeralSeed, purpose: .control, state: .listening)
  }

  /// Takes the other end's next message.
  ///
  /// - Parameters:
  ///   - nowMilliseconds: the wall clock, milliseconds since 1970-01-01T00:00:00Z.
  ///   - isMember: whether a node was admitted before: then its grant's end does not matter.
  ///   - checked: gives what was found before when exactly this record's signatures were checked, in this network.
  ///     That the peer holds its key is checked always.
  /// - Throws: `HandshakeError`; nothing may be sent afterwards.
  public mutating func receive(
    _ message: [UInt8], nowMilliseconds: Int64, isMember: (NodeID) -> Bool,
    checked: (SignedStatement) -> CheckedMember? = { _ in nil }
  ) throws(HandshakeError) -> Progress {
    guard message.count <= Self.messageByteLimit else {
      throw .tooLarge(byteCount: message.count, limit: Self.messageByteLimit)
    }
    let current = state
    state = .over
    switch current {
    case .listening: return try answer(hello: message)
    case .dialled(let expecting, let hello): return try introduce(to: expecting, hello: hello, answer: message)
    case .answered(let hellos, let keys, let sender, let purpose):
      return try admit(
        message, hellos: hellos, keys: keys, sender: sender, purpose: purpose, nowMilliseconds: nowMilliseconds,
        isMember: isMember, checked: checked)
    case .introducing(let expecting, let transcript, let sender, let receiver):
      return try recognise(
        message, expecting: expecting, transcript: transcript, sender: sender, receiver: receiver, checked: checked)
    case .over: throw .garbage(what: "a message after the handshake's end")
    }
  }

  // MARK: Steps

  private mutating func answer(hello: [UInt8]) throws(HandshakeError) -> Progress {
    guard hello.count == Self.firstByteCount + Self.tagByteCount, hello.starts(with: Self.magic) else {
      throw .garbage(what: "the first message")
    }
    let open = Array(hello.prefix(Self.firstByteCount))
    guard tag("dialler hello", open) == Array(hello.suffix(Self.tagByteCount)) else { throw .otherNetwork }
    guard let purpose = StreamPurpose(rawValue: open[Self.magic.count]) else {
      throw .garbage(what: "an unknown purpose")
    }
    guard let keys = try? exchange.answered(to: Array(open.suffix(KeyExchange.byteCount))),
      let sender = try? SecretStreamSender(key: keys.send)
    else { throw .garbage(what: "the ephemeral key") }
    let part = exchange.publicKey + sender.header
    let reply = part + tag("listener hello", hello + part)
    state = .answered(hellos: hello + reply, keys: keys, sender, purpose)
    return .reply(reply)
  }

  private mutating func introduce(
    to expecting: NodeID, hello: [UInt8], answer: [UInt8]
  ) throws(HandshakeError) -> Progress {
    guard answer.count == Self.secondByteCount + Self.tagByteCount else { throw .garbage(what: "the second message") }
    let part = Array(answer.prefix(Self.secondByteCount))
    guard tag("listener hello", hello + part) == Array(answer.suffix(Self.tagByteCount)) else { throw .otherNetwork }
    let header = Array(part.suffix(SecretStreamSender.headerByteCount))
    guard let keys = try? exchange.dialled(by: Array(part.prefix(KeyExchange.byteCount))),
      var sender = try? SecretStreamSender(key: keys.send),
      let receiver = try? SecretStreamReceiver(key: keys.receive, header: header)
    else { throw .garbage(what: "the ephemeral key") }
    let transcript = transcript(hellos: hello + answer, header: sender.header)
    let sealed = sender.seal(introduction(role: "dialler", transcript: transcript, peer: expecting))
    let reply = sender.header + sealed
    state = .introducing(expecting: expecting, transcript: transcript, sender, receiver)
    return .reply(reply)
  }

  private mutating func admit(
    _ message: [UInt8], hellos: [UInt8], keys: KeyExchange.SessionKeys, sender: SecretStreamSender,
    purpose: StreamPurpose, nowMilliseconds: Int64, isMember: (NodeID) -> Bool,
    checked: (SignedStatement) -> CheckedMember?
  ) throws(HandshakeError) -> Progress {
    let header = Array(message.prefix(SecretStreamSender.headerByteCount))
    guard var receiver = try? SecretStreamReceiver(key: keys.receive, header: header),
      let opened = try? receiver.open(Array(message.dropFirst(SecretStreamSender.headerByteCount)))
    else { throw .altered }
    let transcript = transcript(hellos: hellos, header: header)
    let (peer, meant) = try check(opened, role: "dialler", transcript: transcript, checked)
    if let until = peer.joinableUntilMilliseconds, until <= nowMilliseconds, peer.node != identity.node,
      !isMember(peer.node)
    {
      throw .expiredGrant(peer.node, atMilliseconds: until)
    }
    var sender = sender
    let reply = sender.seal(introduction(role: "listener", transcript: transcript, peer: peer.node))
    if let error = ownKey(of: peer) { return .refused(error, reply: reply) }
    guard meant == identity.node else {
      return .refused(.wrongNode(expected: meant, got: identity.node), reply: reply)
    }
    let session = Session(peer: peer, purpose: purpose, isDialled: false, sender: sender, receiver: receiver)
    return .finished(session, reply: reply)
  }

  private mutating func recognise(
    _ message: [UInt8], expecting: NodeID, transcript: Digest, sender: SecretStreamSender,
    receiver: SecretStreamReceiver, checked: (SignedStatement) -> CheckedMember?
  ) throws(HandshakeError) -> Progress {
    var receiver = receiver
    guard let opened = try? receiver.open(message) else { throw .altered }
    let (peer, meant) = try check(opened, role: "listener", transcript: transcript, checked)
    if let error = ownKey(of: peer) { return .refused(error, reply: nil) }
    guard peer.node == expecting else { throw .wrongNode(expected: expecting, got: peer.node) }
    guard meant == identity.node else { throw .badProof(peer.node) }
    let session = Session(peer: peer, purpose: purpose, isDialled: true, sender: sender, receiver: receiver)
    return .finished(session, reply: nil)
  }

  /// Whether the peer is this process, or another with this node's key.
  private func ownKey(of peer: CheckedMember) -> HandshakeError? {
    guard peer.node == identity.node else { return nil }
    return peer.record.instance == record.record.instance ? .selfConnection : .sameKeyElsewhere
  }

  // MARK: Parts of messages

  /// Shows that the speaker knows the network, to who knows it.
  private func tag(_ role: String, _ bytes: [UInt8]) -> [UInt8] {
    Digest(of: Array("JointCloud \(role) v1\n".utf8) + identity.network.digest.bytes + bytes).bytes
  }

  private func transcript(hellos: [UInt8], header: [UInt8]) -> Digest {
    Digest(of: Array("JointCloud transcript v1\n".utf8) + identity.network.digest.bytes + hellos + header)
  }

  private static func proofMessage(role: String, transcript: Digest, speaker: NodeID, peer: NodeID) -> [UInt8] {
    Array("JointCloud \(role) proof v1\n".utf8) + transcript.bytes + speaker.digest.bytes + peer.digest.bytes
  }

  private func introduction(role: String, transcript: Digest, peer: NodeID) -> [UInt8] {
    let message = Self.proofMessage(role: role, transcript: transcript, speaker: identity.node, peer: peer)
    let introduction = WireIntroduction.with {
      $0.record = WireSignedStatement(record.signed)
      $0.proof = Data(identity.signingKey.sign(message).bytes)
      $0.peer = Data(peer.digest.bytes)
    }
    // proto3 messages have no required fields, so serialising cannot fail.
    guard let bytes: [UInt8] = try? introduction.serializedBytes() else {
      preconditionFailure("an introduction was not serialised")
    }
    return bytes
  }

  /// Reads and checks an introduction.
  ///
  /// - Returns: who speaks, and whom they take this end for.
  private func check(
    _ bytes: [UInt8], role: String, transcript: Digest, _ checked: (SignedStatement) -> CheckedMember?
  ) throws(HandshakeError) -> (CheckedMember, NodeID) {
    guard let introduction = try? WireIntroduction(serializedBytes: bytes),
      let signed = try? introduction.record.signedStatement(), let meant = Digest(bytes: introduction.peer),
      let proof = try? Signature(bytes: Array(introduction.proof))
    else { throw .garbage(what: "the introduction") }
    let peer: CheckedMember
    if let known = checked(signed) {
      peer = known
    } else {
      do {
        peer = try CheckedMember(signed, genesis: identity.genesis, network: identity.network)
      } catch {
        throw .refused(error)
      }
    }
    let message = Self.proofMessage(
      role: role, transcript: transcript, speaker: peer.node, peer: NodeID(meant))
    guard peer.certificate.signingKey.verifies(proof, over: message) else { throw .badProof(peer.node) }
    return (peer, NodeID(meant))
  }
}

/// An authenticated, encrypted stream in both directions.
public struct Session: Sendable {
  public let peer: CheckedMember
  public let purpose: StreamPurpose
  /// This node dialled.
  public let isDialled: Bool
  private(set) var sender: SecretStreamSender
  private(set) var receiver: SecretStreamReceiver

  /// What each frame grows by.
  public static let overheadByteCount = SecretStreamSender.overheadByteCount

  init(
    peer: CheckedMember, purpose: StreamPurpose, isDialled: Bool, sender: SecretStreamSender,
    receiver: SecretStreamReceiver
  ) {
    self.peer = peer
    self.purpose = purpose
    self.isDialled = isDialled
    self.sender = sender
    self.receiver = receiver
  }

  /// The two halves, for a reader and a writer of their own.
  public var halves: (seal: Sealer, open: Opener) { (Sealer(stream: sender), Opener(stream: receiver)) }

  /// The sending half; frames must go out in the order in which they were sealed.
  public struct Sealer: Sendable {
    var stream: SecretStreamSender

    public mutating func seal(_ frame: [UInt8]) -> [UInt8] { stream.seal(frame) }
  }

  /// The receiving half.
  public struct Opener: Sendable {
    var stream: SecretStreamReceiver

    /// - Throws: `HandshakeError.altered` for a frame that was altered, repeated, dropped or reordered.
    public mutating func open(_ frame: [UInt8]) throws(HandshakeError) -> [UInt8] {
      do {
        return try stream.open(frame)
      } catch {
        throw .altered
      }
    }
  }
}
