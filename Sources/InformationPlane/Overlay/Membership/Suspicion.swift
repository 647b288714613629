import Model
import Sodium

// Who does not answer is suspected, and removed when enough members have said so, each by a signature of its own. Who
// looks is drawn by hash, so that nobody chooses the accusers of its victim. A live member objects in time.
extension OverlayCore {
  /// How many signatures removal takes: one accuser and at most three others.
  var neededAccusers: Int { 1 + min(limits.confirmers, max(0, table.rings.count - 2)) }

  // MARK: Accusing

  /// A probe of this node's went without an answer on all ways.
  mutating func unanswered(_ node: NodeID, _ turn: inout Turn) {
    guard let member = table[node], member.isPresent, member.accusations[self.node] == nil else { return }
    let body = Accusation(
      accused: node, incarnation: member.version.incarnation, milliseconds: turn.wallMilliseconds,
      refutation: member.version.refutation)
    sign(body, for: .accusation(body), &turn)
  }

  /// This node's accusation is signed.
  mutating func accuse(_ body: Accusation, _ signature: Signature, _ turn: inout Turn) {
    guard let member = table[body.accused], member.isPresent, member.version == body.version else { return }
    let fields = RumourFields(body, by: node, epoch: epoch, signature: signature)
    guard let rumour = fields.rumour(in: network) else { return }
    heardRumours.insert(rumour.subject)
    add(rumour, against: body.accused, by: node, &turn)
  }

  private mutating func add(_ rumour: Rumour, against node: NodeID, by accuser: NodeID, _ turn: inout Turn) {
    // Who was only not heard since this node started has from now on to object.
    let isFirst = table[node]?.accusations.isEmpty == true
    table.change(node) { member in
      member.accusations[accuser] = rumour
      if isFirst, member.state == .suspected { member.since = turn.now }
    }
    setState(of: node, .suspected, &turn)
    // Who hears of the accusation must know the version that it is about.
    if let objection = table[node]?.objection { tell(objection, &turn) }
    tell(rumour, &turn)
    judge(node, &turn)
  }

  // MARK: Judging

  mutating func judgeSuspects(_ turn: inout Turn) {
    for node in table.suspected.sorted() { judge(node, &turn) }
    if !table.suspected.isEmpty { agenda.plan(.judge, at: turn.uptime + limits.suspicionLook) }
  }

  private mutating func judge(_ node: NodeID, _ turn: inout Turn) {
    guard let member = table[node], member.state == .suspected else { return }
    let elapsed = turn.uptime - member.since.uptime
    let isAccuser = member.accusations[self.node] != nil
    let isIntroducer = isIntroducer(node, at: turn.uptime)
    let circle = circle(after: isIntroducer ? .zero : elapsed / patience(at: turn.uptime))
    if !isIntroducer, elapsed >= suspicionLeast(at: turn.uptime),
      hasEnoughAccusers(member, among: circle.mayAccuse)
    {
      return setState(of: node, .failed, &turn)
    }
    if elapsed >= limits.suspicionMost {
      // Too few others could say anything. What this node saw itself is good for this node.
      if isAccuser { return setState(of: node, .failed, &turn) }
      if let answered = member.answeredAt, answered > member.since.uptime {
        return setState(of: node, .alive, &turn)
      }
    }
    guard member.answeredAt.map({ turn.uptime - $0 >= limits.probeInterval }) ?? true else { return }
    // Its accusers look again and again: it may be back. The others look once it is their turn.
    if isAccuser || elapsed >= limits.suspicionMost
      || !member.accusations.isEmpty && rank(of: self.node, against: node) < circle.mustLook
    {
      startProbe(of: node, .confirmation, &turn)
    }
  }

  private func isIntroducer(_ node: NodeID, at uptime: Duration) -> Bool {
    introducer.map { $0.node == node && uptime < $0.metAt + limits.introducerPatience } ?? false
  }

  /// - Parameter circle: how many members may accuse it, in the order drawn for it.
  private mutating func hasEnoughAccusers(_ member: Member, among circle: Int) -> Bool {
    let present = member.accusations.keys.filter { $0 == node || table[$0]?.isPresent == true }
    guard present.count >= neededAccusers else { return false }
    return present.count { rank(of: $0, against: member.node) < circle } >= neededAccusers
  }

  /// The longer a suspicion lasts, the more members look, since those who were drawn first may have failed too.
  ///
  /// - Parameter elapsed: the less the more came of late: who is busy with many must not be asked by all.
  private func circle(after elapsed: Duration) -> (mustLook: Int, mayAccuse: Int) {
    let doublings = min(12, Int(elapsed / limits.suspicionWidening))
    return (limits.confirmers << doublings, max(limits.accuserCircle, 4 * limits.confirmers << doublings))
  }

  /// In a larger network news takes longer, and where many came at once objections do.
  private func suspicionLeast(at uptime: Duration) -> Duration {
    limits.suspicionLeast * max(2, GossipQueue.sendings(members: table.rings.count) / 4) / 2
      * patience(at: uptime)
  }

  /// How many times the usual one all waits for suspects are.
  private func patience(at uptime: Duration) -> Int { 1 + arrivals.patience(at: uptime, limits) }

  /// Where a member stands among those who are asked about another, by an order that nobody chooses: the accused's
  /// record, new every few hours, is in it, so an id that was made to stand well does not for long.
  private mutating func rank(of candidate: NodeID, against node: NodeID) -> Int {
    guard let accused = table[node] else { return .max }
    if let known = accused.ranks[candidate] { return known }
    let rank = countRank(of: candidate, against: accused)
    table.change(node) { $0.ranks[candidate] = rank }
    return rank
  }

  private func countRank(of candidate: NodeID, against accused: Member) -> Int {
    let record = accused.checked.signed.id.digest.words.0
    func number(_ draw: UInt64) -> UInt64 {
      var mixed = (draw ^ accused.keys.draw) &+ record
      mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
      return mixed ^ (mixed >> 31)
    }
    guard let draw = candidate == node ? ownKeys.draw : table[candidate]?.keys.draw else { return .max }
    let own = number(draw)
    return table.rings.places.count { other in
      other.node != candidate && other.node != accused.node && number(other.draw) < own
    }
  }

  // MARK: Objecting

  /// This node is doubted in its present version.
  mutating func object(_ turn: inout Turn) {
    guard !isRefuting, !leaving, let ownRecord else { return }
    // Who doubts this node over and over makes it sign now and then, not all the time.
    if let refutedAt, turn.uptime - refutedAt < limits.refutationPause {
      isStillAccused = true
      return agenda.plan(.object, at: refutedAt + limits.refutationPause)
    }
    isStillAccused = false
    refutedAt = turn.uptime
    isRefuting = true
    let body = Refutation(incarnation: ownRecord.record.incarnation, refutation: ownRefutation + 1)
    sign(body, for: .refutation(body), &turn)
  }

  /// This node's objection is signed.
  mutating func refute(_ body: Refutation, _ signature: Signature, _ turn: inout Turn) {
    isRefuting = false
    guard let ownRecord, body.incarnation == ownRecord.record.incarnation, body.refutation > ownRefutation else {
      return
    }
    ownRefutation = body.refutation
    noteAccused(&turn)
    let fields = RumourFields(body, by: node, epoch: epoch, signature: signature)
    guard let rumour = fields.rumour(in: network) else { return }
    heardRumours.insert(rumour.subject)
    tell(rumour, &turn)
    // At once, not with the next tick: others wait to judge.
    passOn(&turn)
  }

  /// Being accused is a sign that something is wrong here, but others must not be able to blind this node by it.
  private mutating func noteAccused(_ turn: inout Turn) {
    if let accusedAt, turn.uptime - accusedAt < limits.accusedPause { return }
    accusedAt = turn.uptime
    localHealth = min(limits.localHealthMost, localHealth + 1)
  }

  // MARK: Rumours of others

  mutating func receive(_ fields: RumourFields, from peer: NodeID, on link: LinkID?, _ turn: inout Turn) {
    guard !heardRumours.contains(fields.subject), isNews(fields, isExplanation: link != nil, &turn) else { return }
    guard fields.author != node, let author = table[fields.author]?.checked.certificate else {
      return drop(.unknownAuthor, from: nil, &turn)
    }
    // Who passes it on may not know of a later epoch yet.
    guard author.epoch == fields.epoch else { return drop(.stale, from: nil, &turn) }
    guard let rumour = fields.rumour(in: network) else { return drop(.malformed, from: link, &turn) }
    if case .accusation(let accused, let accuser, _) = fields.subject, accused != node,
      !accusers.allows(accuser, at: turn.uptime, perMinute: limits.accusationsPerMinute)
    {
      return drop(.authorQuota, from: nil, &turn)
    }
    // Heard is only what its author signed: a forgery in its name must not stand before the true one.
    let key = RumourCheck(subject: fields.subject, signature: rumour.signed.signature)
    guard !rumoursUnderCheck.contains(key) else { return }
    guard mayCheck(fields.author, from: peer) else { return drop(.unchecked, from: nil, &turn) }
    guard checks.begin(.rumours, by: peer, limits) else { return drop(.busy, from: nil, &turn) }
    rumoursUnderCheck.insert(key)
    verify(
      .statement(rumour.signed, author.signingKey),
      for: PendingVerification(subject: .rumour(rumour, by: author.signingKey), node: peer, link: nil), &turn)
  }

  /// Whether a rumour would change anything if it were true.
  ///
  /// - Parameter isExplanation: it tells why somebody failed, perhaps long ago.
  private mutating func isNews(_ fields: RumourFields, isExplanation: Bool, _ turn: inout Turn) -> Bool {
    switch fields.subject {
    case .accusation(let accused, let accuser, let version):
      guard accused != accuser else {
        drop(.malformed, from: nil, &turn)
        return false
      }
      // Old words are not collected for later, nor new ones from the future; but of a member that this node never
      // heard they are all there is.
      let isTimely =
        abs(turn.wallMilliseconds - fields.milliseconds) <= limits.accusationLife.milliseconds
        || isExplanation && table[accused]?.answeredAt == nil
      let present = accused == node ? ownVersion : table[accused]?.version
      let isSettled = accused != node && table[accused]?.isPresent != true
      guard isTimely, version == present, !isSettled else {
        drop(.stale, from: nil, &turn)
        return false
      }
      return true
    case .refutation(let node, let version):
      guard node != self.node, let member = table[node], version.incarnation == member.version.incarnation,
        version > member.version
      else {
        drop(.stale, from: nil, &turn)
        return false
      }
      return true
    }
  }

  private var ownVersion: MemberVersion? {
    ownRecord.map { MemberVersion(incarnation: $0.record.incarnation, refutation: ownRefutation) }
  }

  mutating func rumourVerified(
    _ rumour: Rumour, via pending: PendingVerification, _ holds: Bool, _ turn: inout Turn
  ) {
    guard holds else { return dropForgery(by: rumour.author, from: pending.node, &turn) }
    guard !heardRumours.contains(rumour.subject) else { return }
    // Counted only now: what others forged in its name costs a member nothing.
    if case .accusation(let accused, let accuser, _) = rumour.subject, accused != node,
      !accusers.admit(accuser, at: turn.uptime, perMinute: limits.accusationsPerMinute)
    {
      return drop(.authorQuota, from: nil, &turn)
    }
    heardRumours.insert(rumour.subject)
    switch rumour.subject {
    case .accusation(let accused, let accuser, let version):
      if accused == node {
        if version == ownVersion { object(&turn) }
      } else if let member = table[accused], member.isPresent, member.version == version {
        add(rumour, against: accused, by: accuser, &turn)
      }
    case .refutation(let node, let version):
      guard let member = table[node], version.incarnation == member.version.incarnation, version > member.version
      else { return }
      table.change(node) { member in
        member.refutation = version.refutation
        member.objection = rumour
        member.accusations = [:]
        member.ranks = [:]
      }
      gossip.settle(node, below: version)
      if member.state != .left { setState(of: node, .alive, &turn) }
      tell(rumour, &turn)
    }
  }

  /// An author has a new key: what it said of others nobody can check any more, so it counts no more and is not passed on.
  mutating func endRumours(by author: NodeID, _ turn: inout Turn) {
    gossip.forget(by: author)
    heardRumours.forget(naming: author)
    let accused = table.members.values.filter { $0.accusations[author] != nil }.map(\.node)
    for node in accused {
      table.change(node) { $0.accusations[author] = nil }
      // Nobody else doubts it, so nobody would look, and it has nothing to object to.
      if let member = table[node], member.state == .suspected, member.accusations.isEmpty {
        startProbe(of: node, .confirmation, &turn)
      }
    }
  }

  // MARK: Passing on

  mutating func tell(_ rumour: Rumour, _ turn: inout Turn) {
    gossip.add(rumour)
    agenda.plan(.gossip, at: turn.uptime + limits.gossipInterval)
  }

  /// A gossip tick: the same rumours to some present members by chance.
  mutating func passOn(_ turn: inout Turn) {
    guard !gossip.isEmpty else { return }
    let receivers = others(limits.gossipFanout, except: nil, &turn)
    let sendings = GossipQueue.sendings(members: table.rings.count)
    // A few datagrams to each where much has happened at once.
    for _ in 0..<min(limits.gossipPackets, 1 + gossip.count / Packet.partLimit) where !gossip.isEmpty {
      let updates = gossip.take(
        byteLimit: SealedDatagram.packetByteLimit, receivers: max(1, receivers.count), sendings: sendings)
      for receiver in receivers {
        var packet = Packet()
        packet.updates = updates
        send(packet, to: receiver, &turn)
      }
    }
    if !gossip.isEmpty { agenda.plan(.gossip, at: turn.uptime + limits.gossipInterval) }
  }

  /// Why members are held failed, for one who has just come: it need not find out by itself.
  mutating func explainFailures(on link: LinkID, _ turn: inout Turn) {
    var updates: [[UInt8]] = []
    for node in table.failed.suffix(limits.explainedFailures) {
      guard let member = table[node] else { continue }
      updates += [member.objection].compactMap { $0?.bytes }
      updates += member.accusations.sorted { $0.key < $1.key }.map(\.value.bytes)
    }
    for start in stride(from: 0, to: updates.count, by: Packet.partLimit) {
      let part = updates[start..<min(start + Packet.partLimit, updates.count)]
      transmit(OverlayFrame.gossip(Array(part)), on: link, lane: .control, &turn)
    }
  }
}
