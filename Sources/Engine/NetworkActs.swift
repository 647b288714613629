internal import Consensus
internal import Coordination
package import Model
internal import Overlay

// What the engine does in the network beside cooperating: announcements, pings, its record, and which links stand.
extension NodeEngine {
  /// The document that keeps the highest incarnation this node ever gave out, in decimal.
  public static let incarnationKey = "incarnation"

  /// A record with another datagram key replaces the current one; its incarnation is on the disk before it is shown.
  mutating func renewRecord(datagramKey: AgreementKey, above least: Int, _ turn: inout Turn) {
    guard let current = overlay.ownMemberRecord else { return }
    let incarnation = MemberRecord.incarnation(
      above: max(current.incarnation, least), wallMilliseconds: turn.now.wallMilliseconds)
    let record = MemberRecord(
      name: current.name, kind: current.kind, addresses: current.addresses, certificate: identity.certificate,
      admission: identity.admission, datagramKey: datagramKey, incarnation: incarnation, instance: current.instance,
      startedMilliseconds: current.startedMilliseconds)
    guard
      let statement = try? Statement(record, by: identity.node, epoch: identity.epoch, network: identity.network)
    else { preconditionFailure("this node's own record, which was one before, is none with another key") }
    turn.write(.document(key: Self.incarnationKey, value: Array(String(incarnation).utf8)))
    sign(statement, for: .record, &turn)
  }

  /// Tells all nodes something, until it expires.
  mutating func announce(_ text: String, lifetimeMilliseconds: Int64, _ id: CommandID, _ turn: inout Turn) {
    guard (1...Announcement.byteLimit).contains(text.utf8.count) else {
      return turn.act(
        .answer(
          id,
          .failure(
            Refusal(
              .invalid, "an announcement has 1 to \(Announcement.byteLimit) bytes", subject: "text",
              next: "jointcloud network announce TEXT"))))
    }
    guard (1_000...86_400_000).contains(lifetimeMilliseconds) else {
      return turn.act(
        .answer(
          id,
          .failure(
            Refusal(
              .invalid, "an announcement holds for 1 s to 24 h", subject: "lifetime",
              next: "jointcloud network announce TEXT --expires 1h"))))
    }
    if let exclusion = exclusion(at: turn.now) {
      return turn.act(
        .answer(
          id, .failure(Refusal(.notPermitted, "nobody would hear it: \(exclusion)", next: "jointcloud doctor"))))
    }
    let trace = TraceID(turn.random.digest())
    let body = Announcement(
      text: text, expiresMilliseconds: turn.now.wallMilliseconds + lifetimeMilliseconds, trace: trace)
    guard let statement = try? Statement(body, by: identity.node, epoch: identity.epoch, network: identity.network)
    else { preconditionFailure("an announcement within its limits is no statement") }
    sign(statement, for: .announcement(answering: id, trace), &turn)
    bulletins.add(
      .init(
        statement: statement.id, author: identity.node, announcement: body,
        receivedMilliseconds: turn.now.wallMilliseconds), now: turn.now.wallMilliseconds)
  }

  /// Another node's operator tells something: it is for people alone.
  mutating func announced(_ signed: SignedStatement, _ turn: inout Turn) {
    guard let body = try? signed.statement.decode(Announcement.self), body.text.utf8.count <= Announcement.byteLimit
    else { return journal.count("information: malformed announcement") }
    let author = signed.statement.author
    bulletins.add(
      .init(
        statement: signed.id, author: author, announcement: body, receivedMilliseconds: turn.now.wallMilliseconds),
      now: turn.now.wallMilliseconds)
    notice("information", "announcement", node: author, "\(name(of: author)): \(body.text)", &turn)
  }

  /// Announcements that were here before this start: nobody hears of them again.
  mutating func restoreBulletins(_ facts: [SignedStatement], _ turn: inout Turn) {
    for signed in facts where signed.statement.purpose == Announcement.purpose {
      guard let body = try? signed.statement.decode(Announcement.self) else { continue }
      bulletins.add(
        .init(statement: signed.id, author: signed.statement.author, announcement: body, receivedMilliseconds: nil),
        now: turn.now.wallMilliseconds)
    }
  }

  mutating func ping(_ node: NodeID, _ id: CommandID, _ turn: inout Turn) {
    pings[PingID(id.number)] = id
    overlayStep(.ping(node, PingID(id.number)), &turn)
  }

  mutating func pinged(_ ping: PingID, _ outcome: PingOutcome, _ turn: inout Turn) {
    guard let id = pings.removeValue(forKey: ping) else { return }
    turn.act(.answer(id, .success(.pinged(outcome))))
  }

  /// Ledgers are decided on streams: those to the members of this node's collaborations stand.
  mutating func keepLinks(_ turn: inout Turn) {
    guard linksChanged else { return }
    linksChanged = false
    let fellows = consensus.collaborations.reduce(into: Set<NodeID>()) { out, id in
      guard broken[id] == nil else { return }
      out.formUnion(consensus.fellows(of: id))
    }
    overlayStep(.keepLinked(fellows.subtracting([identity.node])), &turn)
  }

  /// A datagram with rumours that this node's program would not send, sealed as its own: for simulations of members
  /// that lie.
  ///
  /// - Returns: nil when the peer is not known.
  package mutating func rawDatagram(updates: [[UInt8]], to peer: NodeID) -> [UInt8]? {
    overlay.rawDatagram(updates: updates, to: peer)
  }
}
