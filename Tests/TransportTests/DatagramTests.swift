import Model
import NIOCore
import Overlay
import Sodium
import Testing
import Transport

@Suite(.timeLimit(.minutes(1))) struct DatagramTests {
  private static func datagram(_ number: Int, _ kind: DatagramHead.Kind = .sealed, size: Int = 64) -> [UInt8] {
    let head = DatagramHead.magic + [kind.rawValue] + (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    return head + [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size - head.count)
  }

  private func peer(_ limits: TransportLimits = TransportLimits()) throws -> Peer {
    try Peer(try Network().founder, limits: limits)
  }

  @Test func datagramsArriveWholeInOrderAndWithTheAddressThatAnswersReach() async throws {
    var network = try Network()
    let near = try Peer(network.founder)
    let far = try Peer(try network.member())
    try await running([near, far]) {
      let (here, there) = (try await near.listening(), try await far.listening())
      let sent =
        (0..<300).map { Self.datagram($0, size: 9 + $0 * 3) } + [Self.datagram(0, size: DatagramHead.byteLimit)]
      // In groups that fit the socket's buffer: what does not fit is the system's to lose.
      for start in stride(from: 0, to: sent.count, by: 50) {
        let group = sent[start..<min(start + 50, sent.count)]
        for bytes in group { near.transport.perform(.sendDatagram(bytes, to: "\(there)")) }
        _ = try await far.find { far.datagrams().count == start + group.count ? true : nil }
      }
      #expect(far.datagrams().map(\.bytes) == sent)
      #expect(Set(far.datagrams().map(\.source)) == ["\(here)"])
      far.transport.perform(.sendDatagram(Self.datagram(7), to: far.datagrams()[0].source))
      _ = try await near.find { near.datagrams().first }
      #expect(near.datagrams().map(\.source) == ["\(there)"])
    }
  }

  @Test func garbageAndOversizeAreCountedAndTheRestPasses() async throws {
    let near = try peer()
    var random = Random.system()
    try await running([near]) {
      let address = try await near.listening()
      let socket = try RawDatagramSocket()
      let good = Self.datagram(1)
      for bytes in [[], Array("JCD1".utf8), Array("JCD2".utf8) + [1, 0], Array("JCD1".utf8) + [3, 0]] {
        try socket.send(bytes, to: address)
      }
      for _ in 0..<20 {
        let garbage = random.bytes(Int.random(in: 0...DatagramHead.byteLimit, using: &random))
        if DatagramHead.kind(of: garbage) == nil { try socket.send(garbage, to: address) }
      }
      for size in [DatagramHead.byteLimit + 1, 9_000, 60_000] {
        try socket.send(good + [UInt8](repeating: 0, count: size - good.count), to: address)
      }
      try socket.send(good, to: address)
      _ = try await near.find { near.datagrams().first }
      _ = try await near.find { near.count(.garbage) == 24 && near.count(.oversize) == 3 ? true : nil }
      #expect(near.datagrams().map(\.bytes) == [good])
      #expect(near.datagrams().map(\.source) == ["\(socket.address)"])
    }
  }

  @Test(arguments: [DatagramHead.Kind.sealed, .hello])
  func oneSourceThatSendsTooMuchIsHeldToItsRateAndOthersAreNot(kind: DatagramHead.Kind) async throws {
    var limits = TransportLimits()
    let rate = Rate(perSecond: 1, burst: 10)
    if kind == .hello { limits.hellosOfOneSource = rate } else { limits.datagramsOfOneSource = rate }
    let near = try peer(limits)
    try await running([near]) {
      let address = try await near.listening()
      let sent = 200
      // Two sockets of one address count as one.
      let flood = try [RawDatagramSocket(on: "127.0.0.2"), RawDatagramSocket(on: "127.0.0.2")]
      for number in 0..<sent {
        try flood[number % 2].send(Self.datagram(number, kind), to: address)
        if number % 50 == 49 {
          _ = try await near.find { near.datagrams().count + near.count(.tooFast) > number ? true : nil }
        }
      }
      let passed = near.datagrams().count
      #expect(passed >= 10 && passed < 40, "\(passed) of \(sent)")
      let other = try RawDatagramSocket()
      try other.send(Self.datagram(sent, kind), to: address)
      _ = try await near.find { near.datagrams().last?.source == "\(other.address)" ? true : nil }
    }
  }

  @Test(arguments: [DatagramHead.Kind.sealed, .hello])
  func allSourcesTogetherAreHeldToARate(kind: DatagramHead.Kind) async throws {
    var limits = TransportLimits()
    let rate = Rate(perSecond: 1, burst: 10)
    if kind == .hello { limits.hellos = rate } else { limits.datagrams = rate }
    let near = try peer(limits)
    try await running([near]) {
      let address = try await near.listening()
      for number in 1...60 {
        try RawDatagramSocket(on: "127.0.0.\(number)").send(Self.datagram(number, kind), to: address)
      }
      _ = try await near.find { near.datagrams().count + near.count(.tooFast) == 60 ? true : nil }
      #expect(near.datagrams().count < 30, "\(near.datagrams().count)")
      // Hellos do not use up what is there for others.
      guard kind == .hello else { return }
      try RawDatagramSocket().send(Self.datagram(61), to: address)
      _ = try await near.find { near.datagrams().first { $0.bytes == Self.datagram(61) } }
    }
  }

  @Test func whatTheOverlayIsTooSlowForIsDroppedNewestFirstAndCountedInFewInputs() async throws {
    var limits = TransportLimits()
    limits.mailbox = 16
    limits.datagramBatch = 4
    let near = try peer(limits)
    try await running([near]) {
      let address = try await near.listening()
      let socket = try RawDatagramSocket()
      near.isHeldBack = true
      try socket.send(Self.datagram(0), to: address)
      _ = try await near.find { near.datagrams().first }
      for number in 1...100 { try socket.send(Self.datagram(number), to: address) }
      // It is full for as long as the overlay waits, so what comes a moment later is dropped too.
      near.isHeldBack = false
      _ = try await near.find { near.datagrams().count + near.count(.mailboxFull) == 101 ? true : nil }
      let kept = near.datagrams().map(\.bytes)
      #expect(kept.starts(with: (0..<17).map { Self.datagram($0) }))
      let inputs = near.inputs.filter { if case .dropped = $0 { true } else { false } }
      #expect(inputs.count <= 3, "\(inputs)")
    }
  }

  @Test func aReceiverThatIsGoneAndOneThatCannotBeReachedEndNothing() async throws {
    let near = try peer()
    try await running([near]) {
      let address = try await near.listening()
      let gone = try RawDatagramSocket().address
      for _ in 0..<5 { near.transport.perform(.sendDatagram(Self.datagram(1), to: "\(gone)")) }
      // Another family than the socket's, longer than any datagram, and no address at all.
      near.transport.perform(.sendDatagram(Self.datagram(1), to: "[::1]:\(address.port)"))
      near.transport.perform(.sendDatagram([UInt8](repeating: 0, count: 70_000), to: "\(gone)"))
      near.transport.perform(.sendDatagram(Self.datagram(1), to: "nowhere"))
      _ = try await near.find { near.count(.unsent) == 2 && near.count(.unresolved) == 1 ? true : nil }
      let socket = try RawDatagramSocket()
      try socket.send(Self.datagram(2), to: address)
      _ = try await near.find { near.datagrams().first }
      near.transport.perform(.sendDatagram(Self.datagram(3), to: "\(socket.address)"))
      #expect(try await near.find { socket.receive() } == Self.datagram(3))
    }
  }

  @Test func namesAreLookedUpAndWhatIsSentMeanwhileIsLost() async throws {
    let near = try peer()
    try await running([near]) {
      _ = try await near.listening()
      let socket = try RawDatagramSocket()
      let received = try await near.find { () -> [UInt8]? in
        near.transport.perform(.sendDatagram(Self.datagram(1), to: "localhost:\(socket.address.port)"))
        return socket.receive()
      }
      #expect(received == Self.datagram(1))
      _ = try await near.find { near.count(.unresolved) > 0 ? true : nil }
    }
  }

  @Test func bothFamiliesOfAddressesServe() async throws {
    let near = try peer()
    try await running([near], on: "::1") {
      let address = try await near.listening()
      let socket = try RawDatagramSocket(on: "::1")
      try socket.send(Self.datagram(1), to: address)
      let source = try await near.find { near.datagrams().first?.source }
      #expect(source == "[::1]:\(socket.address.port)")
      near.transport.perform(.sendDatagram(Self.datagram(2), to: source))
      #expect(try await near.find { socket.receive() } == Self.datagram(2))
    }
  }

  @Test func aPortThatIsTakenForEitherKindIsNamedAndFreedAtTheEnd() async throws {
    let near = try peer()
    let taken = try RawDatagramSocket()
    await #expect(throws: TransportError.addressInUse(taken.address, .datagrams)) {
      try await near.run(on: taken.address)
    }
    #expect("\(TransportError.addressInUse(taken.address, .datagrams))".contains("UDP"))
    // The stream's half of it is free again.
    _ = try await RawListener(taken.address)
    var bound: HostPort?
    try await running([near]) {
      let address = try await near.listening()
      bound = address
      await #expect(throws: TransportError.addressInUse(address, .streams)) { try await self.peer().run(on: address) }
    }
    let address = try #require(bound)
    _ = try await RawListener(address)
    _ = try RawDatagramSocket(port: address.port)
  }
}
