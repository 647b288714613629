import Model
import Sodium
import SwiftProtobuf
import Wire

import struct FoundationEssentials.Data

/// What bounds datagrams in clear: few are sent to each node, and few are checked at a time.
struct GreetingBoard: Sendable {
  /// When each seed that is not known yet was greeted, uptime.
  var seeds: [NodeID: Duration] = [:]
  var underCheck: Set<StatementID> = []
}

// A stranger's first message: its record with its grant in clear, to who may not know it. Who is not admitted hears
// nothing.
extension OverlayCore {
  /// Shows this node's record to a member, at most once a second.
  mutating func greet(_ peer: NodeID, wantsAnswer: Bool, _ turn: inout Turn) {
    guard let member = table[peer] else { return }
    if let last = member.greetedAt, turn.uptime - last < limits.greetingInterval { return }
    // To where it says that it listens, never to where somebody claims to be it.
    guard let address = member.checked.record.addresses.first else { return }
    table.change(peer) { $0.greetedAt = turn.uptime }
    sendHello(to: peer, at: address, wantsAnswer: wantsAnswer, &turn)
  }

  /// Knocks at a seed of the invitation, whose record is not known yet.
  mutating func greet(seed: NodeID, _ turn: inout Turn) {
    if let last = greetings.seeds[seed], turn.uptime - last < limits.greetingInterval / 2 { return }
    greetings.seeds[seed] = turn.uptime
    for address in seeds[seed] ?? [] { sendHello(to: seed, at: address, wantsAnswer: true, &turn) }
  }

  private mutating func sendHello(to peer: NodeID, at address: String, wantsAnswer: Bool, _ turn: inout Turn) {
    guard let ownRecord, let record = try? WireCompactRecord(ownRecord) else { return }
    let hello = WireHello.with {
      $0.record = record
      $0.peer = Data(peer.digest.bytes)
      $0.answer = wantsAnswer
    }
    let bytes = DatagramHead.magic + [DatagramHead.Kind.hello.rawValue] + OverlayFrame.bytes(of: hello)
    // A record with many or long addresses does not fit: such a node is met on a stream.
    guard bytes.count <= DatagramHead.byteLimit else { return }
    sendDatagram(bytes, to: address, &turn)
  }

  mutating func receive(hello bytes: [UInt8], from address: String, _ turn: inout Turn) {
    guard bytes.count <= DatagramHead.byteLimit,
      let hello = try? WireHello(serializedBytes: Array(bytes.dropFirst(DatagramHead.magic.count + 1))),
      let meant = Digest(bytes: hello.peer), let signed = try? hello.record.signedStatement(in: network)
    else { return drop(.malformed, from: nil, &turn) }
    guard NodeID(meant) == node else { return drop(.unexpected, from: nil, &turn) }
    let author = signed.statement.author
    guard !revoked.contains(author) else { return drop(.revoked, from: nil, &turn) }
    switch standing(of: signed) {
    case .malformed: return drop(.malformed, from: nil, &turn)
    case .stale:
      // Known already: it is told who is here, where it says that it listens.
      guard author != node, hello.answer else { return drop(.duplicate, from: nil, &turn) }
      return greet(author, wantsAnswer: false, &turn)
    case .foreign: if author != node { return drop(.stale, from: nil, &turn) }
    case .news: break
    }
    guard !facts.contains(signed.id), greetings.underCheck.count < limits.greetingsUnderCheck else {
      return drop(.busy, from: nil, &turn)
    }
    greetings.underCheck.insert(signed.id)
    verify(
      .member(signed, genesis, network),
      for: PendingVerification(
        subject: .greeting(signed, from: address, wantsAnswer: hello.answer), node: author, link: nil), &turn)
  }

  mutating func greetingVerified(
    _ signed: SignedStatement, from address: String, wantsAnswer: Bool, _ finding: Verification.Finding,
    _ turn: inout Turn
  ) {
    greetings.underCheck.remove(signed.id)
    guard case .member(let checked) = finding else { return drop(.notAdmitted, from: nil, &turn) }
    if checked.node == node { return metOwnKey(in: checked, &turn) }
    let isSeed = seeds[checked.node] != nil
    if let until = checked.joinableUntilMilliseconds, until <= turn.wallMilliseconds, table[checked.node] == nil,
      !isSeed
    {
      return drop(.expiredGrant, from: nil, &turn)
    }
    take(checked, hops: 1, from: nil, &turn)
    greetings.seeds[checked.node] = nil
    // Facts go on a stream, which is opened by whichever lacks more: the one that came.
    if isSeed {
      comparing[checked.node] = turn.uptime + limits.idleLink
      agenda.plan(.tend, at: turn.uptime)
    }
    if wantsAnswer { greet(checked.node, wantsAnswer: false, &turn) }
  }
}
