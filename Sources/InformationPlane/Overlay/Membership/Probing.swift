import Model

// SWIM's probes: each member is asked by one other a second, straight first, then through others and on a stream.
extension OverlayCore {
  /// How often the usual time answers have.
  private func patience(at uptime: Duration) -> Int {
    1 + min(limits.localHealthMost, localHealth + arrivals.patience(at: uptime, limits))
  }

  mutating func probeNext(_ turn: inout Turn) {
    // Who has just started looks at all it knew before, quickly; then one member a period.
    if !unconfirmed.isEmpty {
      if let node = nextUnconfirmed() { startProbe(of: node, .turn, &turn) }
      // In a large network faster: nobody is to be suspected for long only because nobody has asked.
      let pause = min(limits.confirmInterval, limits.confirmMost / max(1, table.count))
      return agenda.plan(.probe, at: turn.uptime + pause)
    }
    agenda.plan(.probe, at: turn.uptime + limits.probeInterval * (1 + localHealth))
    let period = turn.wallMilliseconds / limits.probeInterval.milliseconds
    guard let node = table.rings.probeTarget(of: node, ownKeys, period: period) else { return }
    startProbe(of: node, .turn, &turn)
  }

  private mutating func nextUnconfirmed() -> NodeID? {
    while probing.hasRoom, let node = unconfirmed.popLast() {
      if let member = table[node], member.state == .suspected, member.answeredAt == nil { return node }
    }
    return nil
  }

  mutating func startProbe(of node: NodeID, _ purpose: ProbeBoard.Probe.Purpose, _ turn: inout Turn) {
    guard let member = table[node], probing.probe(of: node) == nil, probing.hasRoom else { return }
    let patience = patience(at: turn.uptime)
    // Four round trips and a little is long for any answer that comes at all.
    let usual = member.roundTrip.map { $0 * 4 + .milliseconds(50) } ?? limits.probeFirstMost
    let first = min(max(usual, limits.probeFirstLeast), limits.probeFirstMost) * patience
    let probe = ProbeBoard.Probe(
      number: turn.random.next(), node: node, purpose: purpose, startedAt: turn.uptime,
      secondAt: turn.uptime + first, endsAt: turn.uptime + first + limits.probeSecond * patience)
    probing.add(probe)
    sendProbe(probe.number, to: node, try: 0, &turn)
    agenda.plan(.followUp, at: probe.secondAt)
  }

  private mutating func sendProbe(_ number: UInt64, to node: NodeID, try attempt: Int, _ turn: inout Turn) {
    guard let member = table[node] else { return }
    var packet = Packet()
    packet.probes = [
      Packet.Probe(
        number: number, version: member.version, isDoubted: member.state == .failed || !member.accusations.isEmpty)
    ]
    send(packet, to: node, try: attempt, &turn)
  }

  /// Goes on with probes that wait for an answer.
  mutating func followUp(_ turn: inout Turn) {
    for probe in probing.probes.values.sorted(by: { ($0.startedAt, $0.number) < ($1.startedAt, $1.number) }) {
      if probe.endsAt <= turn.uptime {
        end(probe.number, answered: nil, &turn)
      } else if !probe.triedOtherWays, probe.secondAt <= turn.uptime {
        probing.change(probe.number) { $0.triedOtherWays = true }
        tryOtherWays(probe, &turn)
      }
    }
    for probe in probing.probes.values {
      agenda.plan(.followUp, at: probe.triedOtherWays ? probe.endsAt : probe.secondAt)
    }
  }

  private mutating func tryOtherWays(_ probe: ProbeBoard.Probe, _ turn: inout Turn) {
    sendProbe(probe.number, to: probe.node, try: 1, &turn)
    // Who never answered may not know this node.
    if table[probe.node]?.answeredAt == nil { greet(probe.node, wantsAnswer: true, &turn) }
    guard probe.purpose != .revival else { return }
    for helper in others(limits.indirectProbes, except: probe.node, &turn) {
      var packet = Packet()
      packet.requests = [Packet.Request(number: probe.number, node: probe.node)]
      send(packet, to: helper, &turn)
    }
    pingOnStream(probe, &turn)
  }

  /// A stream may be there, or can be opened, where datagrams do not pass.
  private mutating func pingOnStream(_ probe: ProbeBoard.Probe, _ turn: inout Turn) {
    guard let link = linkOfNode[probe.node] else {
      // A handshake costs far more than a datagram: where many do not answer, few streams tell as much.
      if turn.uptime - probeDials.since >= .seconds(1) { probeDials = (turn.uptime, 0) }
      guard probeDials.count < limits.probeDials else { return }
      probeDials.count += 1
      return dialNow(probe.node, &turn)
    }
    links[link]?.probe = probe.number
    transmit(OverlayFrame.ping(probe.number), on: link, lane: .control, &turn)
  }

  /// Some present members by chance.
  mutating func others(_ count: Int, except excluded: NodeID?, _ turn: inout Turn) -> [NodeID] {
    let nodes = table.rings.nodes
    var chosen: [NodeID] = []
    // A few draws more than wanted: this node itself and the excluded one are among those that are drawn from.
    for _ in 0..<(count * 3 + 4) where chosen.count < count && nodes.count > 1 {
      let index = nodes.index(nodes.startIndex, offsetBy: Int.random(in: 0..<nodes.count, using: &turn.random))
      let candidate = nodes[index]
      if candidate != node, candidate != excluded, !chosen.contains(candidate) { chosen.append(candidate) }
    }
    return chosen
  }

  // MARK: What comes in

  mutating func receive(_ probe: Packet.Probe, from peer: NodeID, at address: String, _ turn: inout Turn) {
    var packet = Packet()
    packet.acknowledgements = [Packet.Acknowledgement(number: probe.number, node: nil)]
    send(packet, to: peer, at: address, &turn)
    guard probe.isDoubted, let ownRecord else { return }
    let version = MemberVersion(incarnation: ownRecord.record.incarnation, refutation: ownRefutation)
    if probe.version == version { object(&turn) }
  }

  mutating func receive(_ request: Packet.Request, from peer: NodeID, _ turn: inout Turn) {
    guard request.node != node, table[request.node]?.isPresent == true else { return }
    let number = turn.random.next()
    let errand = ProbeBoard.Errand(
      asker: peer, askersNumber: request.number, node: request.node,
      // As long as the asker may wait.
      endsAt: turn.uptime + limits.probeSecond * (2 + limits.localHealthMost))
    guard probing.add(errand, number: number, at: turn.uptime) else { return drop(.busy, from: nil, &turn) }
    sendProbe(number, to: request.node, try: 0, &turn)
  }

  mutating func receive(_ answer: Packet.Acknowledgement, from peer: NodeID, _ turn: inout Turn) {
    if let errand = probing.takeErrand(answer.number) {
      guard answer.node == nil, errand.node == peer, errand.endsAt > turn.uptime else { return }
      var packet = Packet()
      packet.acknowledgements = [Packet.Acknowledgement(number: errand.askersNumber, node: peer)]
      return send(packet, to: errand.asker, &turn)
    }
    guard let probe = probing[answer.number] else { return }
    if let node = answer.node {
      guard node == probe.node, probe.triedOtherWays else { return drop(.unexpected, from: nil, &turn) }
      end(answer.number, answered: .answeredThroughOthers(roundTrip: turn.uptime - probe.startedAt), &turn)
    } else {
      guard peer == probe.node else { return drop(.unexpected, from: nil, &turn) }
      let roundTrip = turn.uptime - (probe.triedOtherWays ? probe.secondAt : probe.startedAt)
      table.change(peer) { $0.roundTrip = roundTrip }
      end(answer.number, answered: .answered(roundTrip: roundTrip), &turn)
    }
  }

  /// A stream to a member answered.
  mutating func answeredOnStream(_ number: UInt64, by peer: NodeID, _ turn: inout Turn) {
    guard let probe = probing[number], probe.node == peer else { return }
    end(number, answered: .answeredOnStream(roundTrip: turn.uptime - probe.secondAt), &turn)
  }

  private mutating func end(_ number: UInt64, answered outcome: PingOutcome?, _ turn: inout Turn) {
    guard let probe = probing.remove(number) else { return }
    for ping in probe.pings { turn.emit(.pinged(ping, outcome ?? .silent)) }
    if outcome != nil {
      localHealth = max(0, localHealth - 1)
      return answered(probe, &turn)
    }
    if let member = table[probe.node], let heard = member.heardAt, heard.uptime > probe.startedAt {
      // Whoever has just spoken is not doubted. But what it said may have lain in a queue, or been held back by who is
      // between: it is no answer to what others say.
      if member.state == .suspected, member.accusations.isEmpty { answered(probe, &turn) }
      return
    }
    // Who hears nobody at all is more likely to be ill itself.
    if lastHeardAt < probe.startedAt, table.rings.count > 2 {
      localHealth = min(limits.localHealthMost, localHealth + 1)
    }
    if probe.purpose != .revival { unanswered(probe.node, &turn) }
  }

  private mutating func answered(_ probe: ProbeBoard.Probe, _ turn: inout Turn) {
    guard let member = table[probe.node] else { return }
    table.change(probe.node) { $0.answeredAt = turn.uptime }
    switch member.state {
    case .alive, .left: break
    case .suspected:
      // What it answered is later than what it is suspected of.
      if probe.startedAt >= member.since.uptime || member.accusations.isEmpty {
        setState(of: probe.node, .alive, &turn)
      }
    case .failed:
      setState(of: probe.node, .alive, &turn)
      // Where one has come back, more have: a partition heals.
      agenda.plan(.revive, at: turn.uptime + limits.reviveBurst)
      reviving = turn.uptime + limits.reviveBurstLength
      comparing[probe.node] = turn.uptime + limits.idleLink
      agenda.plan(.tend, at: turn.uptime)
    }
  }

  // MARK: Those who failed

  /// Knocks at those who have failed or left, so that they are found again by themselves, and at seeds not met yet. Who
  /// left may have come back while this node was away, and hold it for one that left too.
  mutating func revive(_ turn: inout Turn) {
    let strangers = seeds.keys.filter { table[$0] == nil }.sorted()
    for seed in strangers { greet(seed: seed, &turn) }
    let gone = (table.failed + table.left).filter { !revoked.contains($0) }
    guard !gone.isEmpty || !strangers.isEmpty else { return }
    if let node = gone.randomElement(using: &turn.random) {
      startProbe(of: node, .revival, &turn)
      // Datagrams alone may be what does not pass.
      if Int.random(in: 0..<10, using: &turn.random) == 0 { dialNow(node, &turn) }
    }
    let isBurst = turn.uptime < reviving && !table.failed.isEmpty
    agenda.plan(
      .revive, at: turn.uptime + (isBurst ? limits.reviveBurst : turn.jittered(limits.reviveInterval)))
  }

  // MARK: People

  mutating func ping(_ node: NodeID, _ id: PingID, _ turn: inout Turn) {
    guard table[node] != nil else { return turn.emit(.pinged(id, .unknown)) }
    if probing.probe(of: node) == nil { startProbe(of: node, .question, &turn) }
    guard let probe = probing.probe(of: node) else { return turn.emit(.pinged(id, .silent)) }
    guard probe.pings.count < ProbeBoard.limit else { return turn.emit(.pinged(id, .silent)) }
    probing.change(probe.number) { $0.pings.append(id) }
  }
}
