import Model
import NIOCore
import Overlay
import Sodium
import Testing
import Transport

@Suite(.timeLimit(.minutes(1))) struct LinkTests {
  private func dial(_ from: Peer, _ to: Peer) async throws {
    from.transport.perform(.dial(address: "\(try await to.listening())", expecting: to.node))
  }

  @Test func twoMembersLinkAndFramesArriveInOrderBothWays() async throws {
    var network = try Network()
    let near = try Peer(network.founder)
    let far = try Peer(try network.member())
    try await running([near, far]) {
      try await dial(far, near)
      let (nearLink, farLink) = (try await near.opened(), try await far.opened())
      let sent = (0..<500).map { number in Array("frame \(number) \(String(repeating: "x", count: number * 7))".utf8) }
      for frame in sent {
        near.transport.perform(.transmit(nearLink, frame, lane: .control))
        far.transport.perform(.transmit(farLink, frame, lane: .bulk))
      }
      let largest = [UInt8](repeating: 7, count: OverlayLimits.frameByteLimit)
      near.transport.perform(.transmit(nearLink, largest, lane: .control))
      _ = try await far.find { far.frames().count == 501 ? true : nil }
      _ = try await near.find { near.frames().count == 500 ? true : nil }
      #expect(far.frames() == sent + [largest])
      #expect(near.frames() == sent)
      let opened = near.inputs.compactMap { input -> (SignedStatement, Bool)? in
        if case .linkOpened(_, let peer, let dialled) = input { (peer, dialled) } else { nil }
      }
      #expect(opened.first?.0 == far.record)
      #expect(opened.first?.1 == false)
    }
  }

  @Test func whatWasSentBeforeClosingArrives() async throws {
    var network = try Network()
    let near = try Peer(network.founder)
    let far = try Peer(try network.member())
    try await running([near, far]) {
      try await dial(far, near)
      let link = try await near.opened()
      for number in 0..<200 {
        near.transport.perform(.transmit(link, [UInt8](repeating: UInt8(number), count: 9_000), lane: .bulk))
      }
      near.transport.perform(.close(link, .leaving))
      #expect(try await far.closed() == .peerClosed)
      #expect(far.frames().count == 200)
      #expect(try await near.closed() == .leaving)
      _ = try await near.find { near.transport.linkCount == 0 ? true : nil }
    }
  }

  @Test func aPortInUseIsNamed() async throws {
    let network = try Network()
    let first = try Peer(network.founder)
    let second = try Peer(network.founder)
    try await running([first]) {
      let taken = try await first.listening()
      await #expect(throws: TransportError.addressInUse(taken, .streams)) { try await second.run(on: taken) }
      #expect("\(TransportError.addressInUse(taken, .streams))".contains("--listen"))
    }
    await #expect(throws: TransportError.self) { try await second.run(on: HostPort(host: "192.0.2.1", port: 7_000)) }
  }

  @Test func aStrangerOfAnotherNetworkGetsNoByte() async throws {
    var other = try Network(name: "other")
    let near = try Peer(try Network().founder)
    let stranger = try other.member()
    try await running([near]) {
      let socket = try RawSocket(try await near.listening())
      let record = try stranger.memberRecord(
        name: "s", kind: "k", addresses: [], datagramKey: try AgreementKey(datagramSeed: secureRandomBytes(32)),
        incarnation: 1, instance: .zero, startedMilliseconds: 0)
      let (_, first) = try Handshake.dial(
        expecting: near.node, purpose: .control, identity: stranger, record: record,
        ephemeralSeed: secureRandomBytes(32))
      try await socket.send(message: first)
      #expect(try await socket.readToEnd().isEmpty)
      #expect(try await near.dropped() == .otherNetwork)
    }
  }

  @Test func anExpiredInvitationIsRefusedUnlessItsHolderWasAdmitted() async throws {
    var network = try Network()
    let near = try Peer(network.founder)
    let late = try Peer(try network.member(untilMilliseconds: 1))
    try await running([near, late]) {
      try await dial(late, near)
      #expect(try await near.dropped() == .expiredGrant)
      _ = try await late.dialFailure()
      near.transport.admit(late.node)
      try await dial(late, near)
      _ = try await near.opened()
    }
  }

  @Test func garbageOnThePortCostsACounterAndNothingElse() async throws {
    var network = try Network()
    let near = try Peer(network.founder)
    let far = try Peer(try network.member())
    var random = Random.system()
    try await running([near, far]) {
      let address = try await near.listening()
      for request in ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\u{0}\u{0}\u{0}\u{5}hello"] {
        let socket = try RawSocket(address)
        try await socket.send(Array(request.utf8))
        #expect(try await socket.readToEnd().isEmpty)
      }
      for _ in 0..<20 {
        let socket = try RawSocket(address)
        try await socket.send(message: random.bytes(Int.random(in: 0...300, using: &random)))
        #expect(try await socket.readToEnd().isEmpty)
      }
      _ = try await near.find { near.count(.garbage) + near.count(.oversize) == 22 ? true : nil }
      #expect(near.inputs.allSatisfy { if case .dropped = $0 { true } else { false } })
      try await dial(far, near)
      _ = try await near.opened()
    }
  }

  @Test func whoSaysNothingIsNotWaitedFor() async throws {
    var limits = TransportLimits()
    limits.handshakeTimeout = .milliseconds(50)
    let near = try Peer(try Network().founder, limits: limits)
    try await running([near]) {
      let socket = try RawSocket(try await near.listening())
      #expect(try await socket.readToEnd().isEmpty)
      #expect(try await near.dropped() == .handshakeTimeout)
    }
  }

  @Test(arguments: [true, false]) func handshakesAreCappedInAllAndForOneNetwork(inAll: Bool) async throws {
    var limits = TransportLimits()
    // Of three places one network has no more than what is left: two.
    if inAll { limits.handshakes = 3 } else { limits.handshakesPerNetwork = 2 }
    let near = try Peer(try Network().founder, limits: limits)
    try await running([near]) {
      let address = try await near.listening()
      let sockets = try (0..<5).map { _ in try RawSocket(address) }
      _ = try await near.find { near.count(.tooManyConnections) == 3 ? true : nil }
      withExtendedLifetime(sockets) {}
    }
  }

  @Test func anAlteredFrameEndsTheLinkAndIsCounted() async throws {
    var network = try Network()
    let near = try Peer(network.founder)
    let member = try network.member()
    try await running([near]) {
      let socket = try RawSocket(try await near.listening())
      var (session, _) = try await Self.greet(socket, as: member, near.node)
      var sealed = session.seal(Array("hello".utf8))
      sealed[8] ^= 1
      try await socket.send(message: sealed)
      #expect(try await near.dropped() == .alteredFrame)
      guard case .broken = try await near.closed() else {
        Issue.record("the link was not broken")
        return
      }
      #expect(near.frames().isEmpty)
    }
  }

  @Test func anOversizeFrameEndsTheLinkBeforeItIsRead() async throws {
    var network = try Network()
    let near = try Peer(network.founder)
    let member = try network.member()
    try await running([near]) {
      let socket = try RawSocket(try await near.listening())
      _ = try await Self.greet(socket, as: member, near.node)
      try await socket.send([0xff, 0xff, 0xff, 0xff])
      #expect(try await near.dropped() == .oversize)
      _ = try await near.closed()
    }
  }

  @Test func aPeerThatNeverReadsIsClosedAndNamed() async throws {
    var network = try Network()
    var limits = TransportLimits()
    limits.outboxBytes = 1_024 * 1_024
    let near = try Peer(network.founder, limits: limits)
    let member = try network.member()
    try await running([near]) {
      let socket = try RawSocket(try await near.listening())
      _ = try await Self.greet(socket, as: member, near.node)
      let link = try await near.opened()
      let frame = [UInt8](repeating: 1, count: 64 * 1_024)
      let reason = try await near.first { input -> CloseReason? in
        near.transport.perform(.transmit(link, frame, lane: .bulk))
        if case .linkClosed(_, let reason) = input { return reason }
        return nil
      }
      #expect(reason == .slowReader)
      withExtendedLifetime(socket) {}
    }
  }

  @Test func aSecondProcessWithTheSameKeyIsToldToBoth() async throws {
    let network = try Network()
    let first = try Peer(network.founder)
    let second = try Peer(network.founder)
    try await running([first, second]) {
      try await dial(second, first)
      _ = try await first.first { if case .sameKeyMet = $0 { true } else { nil } }
      _ = try await second.first { if case .sameKeyMet = $0 { true } else { nil } }
    }
  }

  @Test func nobodyListeningAndAnotherNodeListeningAreToldApart() async throws {
    var network = try Network()
    let near = try Peer(network.founder)
    let far = try Peer(try network.member())
    let third = try Peer(try network.member())
    try await running([near, far]) {
      let address = try await near.listening()
      far.transport.perform(.dial(address: "\(address)", expecting: third.node))
      #expect(try await far.dialFailure().contains("listens there"))
      near.transport.perform(.dial(address: "127.0.0.1:1", expecting: third.node))
      #expect(try await near.dialFailure().lowercased().contains("refused"))
    }
  }

  @Test func aNameIsDialledAndOneThatIsNotKnownIsNamed() async throws {
    var network = try Network()
    let near = try Peer(network.founder)
    let far = try Peer(try network.member())
    try await running([near, far]) {
      let port = try await near.listening().port
      // No name server is asked for a label this long.
      let name = String(repeating: "x", count: 64) + ".invalid"
      far.transport.perform(.dial(address: "\(name):\(port)", expecting: near.node))
      #expect(try await far.dialFailure() == "no address is known for \(name)")
      far.transport.perform(.dial(address: "localhost:\(port)", expecting: near.node))
      _ = try await near.opened()
    }
  }

  /// Does the handshake by hand on a plain socket.
  static func greet(
    _ socket: RawSocket, as identity: LocalIdentity, _ node: NodeID, purpose: StreamPurpose = .control
  ) async throws -> (Session.Sealer, Session.Opener) {
    let record = try identity.memberRecord(
      name: "raw", kind: "k", addresses: [], datagramKey: try AgreementKey(datagramSeed: secureRandomBytes(32)),
      incarnation: 1, instance: .zero, startedMilliseconds: 0)
    var (handshake, first) = try Handshake.dial(
      expecting: node, purpose: purpose, identity: identity, record: record, ephemeralSeed: secureRandomBytes(32))
    try await socket.send(message: first)
    while true {
      let message = try await socket.readMessage()
      switch try handshake.receive(message, nowMilliseconds: 0, isMember: { _ in true }) {
      case .reply(let reply): try await socket.send(message: reply)
      case .finished(let session, _): return (session.halves.seal, session.halves.open)
      case .refused(let error, _): throw error
      }
    }
  }
}
