import Model
import NIOCore
import Overlay
import Sodium
import Synchronization
import Testing
import Transport

@Suite(.timeLimit(.minutes(1))) struct ObjectTests {
  /// Holds byte strings; may fail or stall from an offset on.
  struct Shelf: ObjectSource {
    var contents: [Digest: [UInt8]] = [:]
    var failsAt: Int?
    var stallsAt: Int?

    struct Reader: ObjectReader {
      let bytes: [UInt8]
      let failsAt: Int?
      let stallsAt: Int?

      struct Broken: Error {}

      func read(at offset: Int, count: Int) async throws -> [UInt8] {
        if let failsAt, offset >= failsAt { throw Broken() }
        if let stallsAt, offset >= stallsAt { try await Task.sleep(for: .seconds(3_600)) }
        return Array(bytes[offset..<min(bytes.count, offset + count)])
      }

      func close() async {}
    }

    func open(_ reference: ObjectReference, for peer: NodeID) async throws -> (any ObjectReader)? {
      contents[reference.digest].map { Reader(bytes: $0, failsAt: failsAt, stallsAt: stallsAt) }
    }
  }

  /// Takes pieces, up to a limit.
  final class Basin: ObjectSink {
    private let state: Mutex<[UInt8]>
    private let limit: Int

    struct Full: Error {}

    init(_ bytes: [UInt8] = [], limit: Int = .max) {
      state = Mutex(bytes)
      self.limit = limit
    }

    var bytes: [UInt8] { state.withLock { $0 } }

    func append(_ bytes: [UInt8], at offset: Int) async throws {
      try state.withLock { held in
        guard held.count < limit else { throw Full() }
        #expect(held.count == offset)
        held += bytes
      }
    }
  }

  let content: [UInt8]
  let reference: ObjectReference
  let founder: LocalIdentity
  let member: LocalIdentity
  let third: LocalIdentity

  init() throws {
    content = secureRandomBytes(3_000_000)
    reference = ObjectReference(digest: Digest(of: content), byteCount: content.count)
    var network = try Network()
    founder = network.founder
    member = try network.member()
    third = try network.member()
  }

  private func giver(_ shelf: Shelf, limits: TransportLimits = TransportLimits()) throws -> Peer {
    var shelf = shelf
    shelf.contents[reference.digest] = content
    let giver = try Peer(founder, source: shelf, limits: limits)
    for member in [member, third] { giver.transport.admit(member.node) }
    return giver
  }

  private func fetch(
    _ taker: Peer, _ giver: Peer, _ sink: Basin, reference: ObjectReference? = nil, offset: Int = 0
  ) async throws {
    try await taker.transport.fetch(
      reference ?? self.reference, from: giver.node, address: "\(try await giver.listening())", offset: offset,
      into: sink)
  }

  @Test func whoIsNoMemberHereGetsNothingThoughItsGrantHolds() async throws {
    let giver = try Peer(founder, source: Shelf(contents: [reference.digest: content]))
    let taker = try Peer(member)
    try await running([giver, taker]) {
      let error = await #expect(throws: ObjectFetchError.self) { try await fetch(taker, giver, Basin()) }
      #expect(error.map { "\($0)" }?.contains("not known as a member") == true)
    }
  }

  @Test func bytesArriveWholeAndInOrder() async throws {
    let giver = try giver(Shelf())
    let taker = try Peer(member)
    try await running([giver, taker]) {
      let basin = Basin()
      try await fetch(taker, giver, basin)
      #expect(basin.bytes == content)
      let empty = ObjectReference(digest: Digest(of: []), byteCount: 0)
      await #expect(throws: ObjectFetchError.refused(giver.node, reason: "it is not here")) {
        try await fetch(taker, giver, Basin(), reference: empty)
      }
    }
  }

  @Test func anEmptyObjectIsOneEmptyChunk() async throws {
    var shelf = Shelf()
    let empty = ObjectReference(digest: Digest(of: []), byteCount: 0)
    shelf.contents[empty.digest] = []
    let giver = try giver(shelf)
    let taker = try Peer(member)
    try await running([giver, taker]) {
      try await fetch(taker, giver, Basin(), reference: empty)
    }
  }

  @Test func aFetchCutInTheMiddleGoesOnFromItsOffset() async throws {
    let giver = try giver(Shelf())
    let taker = try Peer(member)
    try await running([giver, taker]) {
      let first = Basin(limit: 1_000_000)
      await #expect(throws: Basin.Full.self) { try await fetch(taker, giver, first) }
      #expect(first.bytes.count > 0 && first.bytes.count < content.count)
      let rest = Basin(first.bytes)
      try await fetch(taker, giver, rest, offset: first.bytes.count)
      #expect(rest.bytes == content)
    }
  }

  @Test func aGiverThatDiesLeavesWhatCameAndSaysWhere() async throws {
    let giver = try giver(Shelf(stallsAt: 1_500_000))
    let taker = try Peer(member)
    let basin = Basin()
    try await running([taker]) {
      await withTaskGroup(of: Void.self) { group in
        let dying = Task { try await giver.run() }
        group.addTask {
          do {
            try await self.fetch(taker, giver, basin)
            Issue.record("the fetch went through")
          } catch let ObjectFetchError.interrupted(node, offset, _) {
            #expect(node == giver.node)
            #expect(offset == basin.bytes.count)
          } catch {
            Issue.record("\(error)")
          }
        }
        _ = try? await taker.find { basin.bytes.count >= 1_500_000 ? true : nil }
        dying.cancel()
        _ = await dying.result
      }
    }
    #expect(basin.bytes == Array(content.prefix(basin.bytes.count)))
  }

  @Test func aGiverThatStallsOrCannotReadIsGivenUp() async throws {
    var limits = TransportLimits()
    limits.objectIdleTimeout = .milliseconds(100)
    let stalling = try giver(Shelf(stallsAt: 1_000_000))
    let failing = try giver(Shelf(failsAt: 1_000_000))
    let taker = try Peer(member, limits: limits)
    try await running([stalling, failing, taker]) {
      let basin = Basin()
      do {
        try await fetch(taker, stalling, basin)
        Issue.record("the fetch went through")
      } catch let ObjectFetchError.interrupted(_, offset, reason) {
        #expect(offset == basin.bytes.count)
        #expect(reason.contains("nothing came"))
      }
      do {
        try await fetch(taker, failing, Basin())
        Issue.record("the fetch went through")
      } catch let ObjectFetchError.refused(_, reason) {
        #expect(reason.contains("cannot be read"))
      }
    }
  }

  @Test func manyFetchesAtOnceStayWithinTheLimitsAndAllEnd() async throws {
    let giver = try giver(Shelf())
    let taker = try Peer(member)
    try await running([giver, taker]) {
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<24 {
          group.addTask {
            let basin = Basin()
            try await self.fetch(taker, giver, basin)
            return basin.bytes.count
          }
        }
        for try await count in group { #expect(count == content.count) }
      }
    }
  }

  @Test func whoIsNotServedLosesItsConnectionToo() async throws {
    var limits = TransportLimits()
    limits.refusalPatience = .milliseconds(100)
    limits.objectIdleTimeout = .hours(1)
    let giver = try Peer(founder, source: Shelf(contents: [reference.digest: content]), limits: limits)
    try await running([giver]) {
      let socket = try RawSocket(try await giver.listening())
      _ = try await LinkTests.greet(socket, as: third, giver.node, purpose: .objects)
      #expect(try await socket.readToEnd().isEmpty)
    }
  }

  @Test func oneNodeLeavesOthersRoomToBeServed() async throws {
    var limits = TransportLimits()
    limits.serving = 4
    limits.servingPerPeer = 4
    let giver = try giver(Shelf(stallsAt: 0), limits: limits)
    var quick = TransportLimits()
    quick.objectIdleTimeout = .milliseconds(300)
    let taker = try Peer(member, limits: quick)
    try await running([giver, taker]) {
      var sockets: [RawSocket] = []
      for _ in 0..<6 {
        let socket = try RawSocket(try await giver.listening())
        _ = try await LinkTests.greet(socket, as: third, giver.node, purpose: .objects)
        sockets.append(socket)
      }
      // It is served, though what it asks for never comes.
      let error = await #expect(throws: ObjectFetchError.self) { try await fetch(taker, giver, Basin()) }
      if case .interrupted = error {} else { Issue.record("\(String(describing: error))") }
      withExtendedLifetime(sockets) {}
    }
  }

  @Test func servingIsCappedWithAReason() async throws {
    var limits = TransportLimits()
    limits.serving = 1
    let giver = try giver(Shelf(stallsAt: 0), limits: limits)
    let taker = try Peer(member)
    try await running([giver, taker]) {
      let socket = try RawSocket(try await giver.listening())
      _ = try await LinkTests.greet(socket, as: third, giver.node, purpose: .objects)
      do {
        try await fetch(taker, giver, Basin())
        Issue.record("the fetch went through")
      } catch let ObjectFetchError.refused(_, reason) {
        #expect(reason.contains("try again"))
      }
      withExtendedLifetime(socket) {}
    }
  }

  @Test func theTakerRefusesWhatIsNotTheNextChunk() async throws {
    // Asked for more bytes than there are under this name, the giver says so.
    let giver = try giver(Shelf())
    let taker = try Peer(member)
    try await running([giver, taker]) {
      let longer = ObjectReference(digest: reference.digest, byteCount: reference.byteCount + 1)
      do {
        try await fetch(taker, giver, Basin(), reference: longer)
        Issue.record("the fetch went through")
      } catch let ObjectFetchError.refused(_, reason) {
        #expect(reason.contains("shorter"))
      }
      await #expect(throws: ObjectFetchError.refused(giver.node, reason: "offset past the end")) {
        try await fetch(taker, giver, Basin(), offset: reference.byteCount + 1)
      }
    }
  }
}
