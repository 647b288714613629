internal import Engine
internal import Model
internal import Overlay
internal import Sodium

// How links come about: a connection, then the handshake that ships, message by message; or, for very many nodes,
// its rules alone.
extension SimulatedNetwork {
  private static let handshakeTimeout = Duration.seconds(5)

  /// A host dials another though its engine did not ask for it.
  package func connect(from index: Int, to other: Int) {
    dial(nodes[other].address, expecting: nodes[other].id, from: index)
  }

  func dial(_ address: String, expecting node: NodeID, from index: Int) {
    guard let target = hostOfAddress[address], target != index else {
      faultCounts.count(.dialRefused)
      return schedule(
        .input(.overlay(.dialFailed(node, address: address, reason: "refused"))), at: index,
        after: .microseconds(500))
    }
    var dial = Dial(
      dialler: index, diallerGeneration: nodes[index].generation, address: address, expecting: node, listener: target)
    var first: [UInt8] = []
    if realHandshakes {
      do {
        let (handshake, message) = try Handshake.dial(
          expecting: node, purpose: .control, identity: nodes[index].identity, record: nodes[index].record,
          ephemeralSeed: random.bytes(KeyExchange.byteCount))
        dial.near = handshake
        first = message
      } catch {
        return breach("node \(index) cannot begin a handshake: \(error)")
      }
    }
    let id = dials.add(dial)
    schedule(.greetingTimeout(id), at: index, after: Self.handshakeTimeout)
    travel(.message(first), of: id, from: index, to: target)
  }

  /// Sends a part of the handshake on its way.
  ///
  /// - Parameter arrival: when it gets there, where that is settled.
  private func travel(_ greeting: Greeting, of id: DialID, from: Int, to: Int, arrival: Duration? = nil) {
    guard !reach.isCut(from: from, to: to) else { return }
    var greeting = greeting
    if case .message(let bytes) = greeting {
      capture?.add(greeting: bytes, of: id, from: from, to: to, at: now.uptime)
      if let tamperGreetings {
        guard let changed = tamperGreetings(from, to, bytes) else { return faultCounts.count(.greetingAltered) }
        if changed != bytes { faultCounts.count(.greetingAltered) }
        greeting = .message(changed)
      }
    }
    let arrival = arrival ?? now.uptime + latency(from, to, isStream: true)
    timeline.add(Scheduled(node: to, generation: nil, event: .greeting(id, greeting)), at: arrival)
  }

  func receive(_ greeting: Greeting, of id: DialID, at index: Int) {
    guard let dial = dials[id] else { return }
    let isDialler = index == dial.dialler
    if isDialler, nodes[index].generation != dial.diallerGeneration { return dials[id] = nil }
    switch greeting {
    case .closed(let why):
      if isDialler { failed(id, why) } else { abandoned(id) }
    case .message(let bytes):
      if !realHandshakes {
        meet(id, dial)
      } else if isDialler {
        hear(bytes, asDiallerOf: id, dial)
      } else {
        hear(bytes, asListenerOf: id, dial)
      }
    }
  }

  /// The process at an end of a connection is no more: its machine tells the other end.
  func lost(_ id: DialID, at index: Int) {
    guard let dial = dials[id] else { return }
    guard index == dial.listener else { return dials[id] = nil }
    faultCounts.count(.dialRefused)
    travel(.closed(why: "refused"), of: id, from: index, to: dial.dialler)
  }

  func timedOut(_ id: DialID) {
    guard dials[id] != nil else { return }
    faultCounts.count(.dialTimedOut)
    failed(id, "the handshake took too long")
  }

  /// The dialling end gives up.
  private func failed(_ id: DialID, _ why: String) {
    guard let dial = dials[id] else { return }
    dials[id] = nil
    if let link = dial.link, streams[link.far] != nil, !reach.isCut(from: dial.dialler, to: dial.listener) {
      schedule(
        .linkClosed(link.far, .peerClosed), at: dial.listener, after: latency(dial.dialler, dial.listener))
    }
    give(.overlay(.dialFailed(dial.expecting, address: dial.address, reason: why)), to: dial.dialler)
  }

  /// The dialling end has closed before the listening end had finished.
  private func abandoned(_ id: DialID) {
    guard let dial = dials[id] else { return }
    dials[id] = nil
    give(.overlay(.dropped(HandshakeError.closedEarly.dropReason, count: 1)), to: dial.listener)
  }

  // MARK: The handshake

  private func hear(_ bytes: [UInt8], asListenerOf id: DialID, _ dial: Dial) {
    let index = dial.listener
    do throws(HandshakeError) {
      // `??` would widen the error's type.
      var handshake: Handshake
      if let begun = dial.far { handshake = begun } else { handshake = try listening(at: index) }
      let progress = try handshake.receive(
        bytes, nowMilliseconds: moment(at: index).wallMilliseconds,
        isMember: { [admitted = nodes[index].admitted] in admitted.contains($0) })
      dials[id]?.far = handshake
      switch progress {
      case .reply(let reply): travel(.message(reply), of: id, from: index, to: dial.dialler)
      case .refused(let error, let reply):
        if let reply { travel(.message(reply), of: id, from: index, to: dial.dialler) }
        refuse(error, at: index, from: dial.dialler)
      case .finished(let session, let reply): opened(id, dial, session.peer.signed, reply)
      }
    } catch {
      refuse(error, at: index, from: dial.dialler)
      travel(.closed(why: "\(HandshakeError.closedEarly)"), of: id, from: index, to: dial.dialler)
    }
  }

  func listening(at index: Int) throws(HandshakeError) -> Handshake {
    try Handshake.listen(
      identity: nodes[index].identity, record: nodes[index].record, ephemeralSeed: random.bytes(KeyExchange.byteCount))
  }

  private func refuse(_ error: HandshakeError, at index: Int, from dialler: Int) {
    give(
      .overlay(
        error == .sameKeyElsewhere ? .sameKeyMet(address: nodes[dialler].address) : .dropped(error.dropReason, count: 1)
      ),
      to: index)
  }

  private func hear(_ bytes: [UInt8], asDiallerOf id: DialID, _ dial: Dial) {
    let index = dial.dialler
    guard var handshake = dial.near else { return }
    do throws(HandshakeError) {
      let progress = try handshake.receive(
        bytes, nowMilliseconds: moment(at: index).wallMilliseconds, isMember: { _ in true })
      dials[id]?.near = handshake
      switch progress {
      case .reply(let reply): travel(.message(reply), of: id, from: index, to: dial.listener)
      case .refused(let error, _): throw error
      case .finished(let session, _): finish(id, session.peer.signed)
      }
    } catch {
      if error == .sameKeyElsewhere { give(.overlay(.sameKeyMet(address: dial.address)), to: index) }
      if dial.link == nil { travel(.closed(why: ""), of: id, from: index, to: dial.listener) }
      // As in the transport: who looked for its own key has found it.
      let isFound = error == .sameKeyElsewhere && dial.expecting == nodes[index].id
      if isFound { dials[id] = nil } else { failed(id, "\(error)") }
    }
  }

  /// The listening end has let the dialler in.
  private func opened(_ id: DialID, _ dial: Dial, _ peer: SignedStatement, _ reply: [UInt8]?) {
    let link = streams.ids()
    dials[id]?.link = link
    // Nothing overtakes the message that opens the link at the other end.
    let arrival = now.uptime + latency(dial.listener, dial.dialler, isStream: true)
    streams.insert(link.far, of: dial.listener, other: link.near, at: dial.dialler, opened: arrival)
    streams.insert(link.near, of: dial.dialler, other: link.far, at: dial.listener, opened: now.uptime)
    travel(.message(reply ?? []), of: id, from: dial.listener, to: dial.dialler, arrival: arrival)
    give(.overlay(.linkOpened(link.far, peer: peer, dialled: false)), to: dial.listener)
  }

  /// The dialling end has the link too.
  private func finish(_ id: DialID, _ peer: SignedStatement) {
    guard let dial = dials[id], let link = dial.link else { return }
    dials[id] = nil
    guard streams[link.near] != nil else {
      return give(
        .overlay(.dialFailed(dial.expecting, address: dial.address, reason: "\(HandshakeError.closedEarly)")),
        to: dial.dialler)
    }
    give(.overlay(.linkOpened(link.near, peer: peer, dialled: true)), to: dial.dialler)
  }

  // MARK: Its rules alone

  /// Both ends hear of each other without a handshake, where one would have succeeded.
  private func meet(_ id: DialID, _ dial: Dial) {
    if dial.link != nil { return finish(id, nodes[dial.listener].record) }
    let (near, far) = (nodes[dial.dialler], nodes[dial.listener])
    if far.id != dial.expecting {
      return travel(.closed(why: "another node listens there"), of: id, from: dial.listener, to: dial.dialler)
    }
    if let until = near.identity.joinableUntilMilliseconds, until <= moment(at: dial.listener).wallMilliseconds,
      !far.admitted.contains(near.id)
    {
      give(.overlay(.dropped(.expiredGrant, count: 1)), to: dial.listener)
      return travel(.closed(why: "its invitation has expired"), of: id, from: dial.listener, to: dial.dialler)
    }
    opened(id, dial, near.record, nil)
  }
}
