import Engine
import Model
import Overlay
import Simulations
import Testing

/// What befalls processes and their clocks (R18, R60).
@Suite struct ProcessTests {
  @Test("A stopped process does nothing, loses the datagrams that its buffer cannot hold, and goes on")
  func pause() throws {
    let network = try SimulatedNetwork(seed: 31, plainNodes: 3)
    #expect(network.run(for: .seconds(10)) { $0.allSeeAll })
    network.pause(1)
    for _ in 0..<1_000 { network.sendDatagram([1], to: network.nodes[1].address, from: 0) }
    network.run(for: .seconds(10))
    #expect(network.faultCounts[.datagramOverrun] >= 1_000 - 256)
    #expect(network.observations.sighting(of: 1, by: 0)?.state != .alive)
    network.resume(1)
    #expect(network.run(for: .seconds(60)) { $0.allSeeAll })
    #expect(network.breaches == [])
  }

  @Test("A clone of a node meets it and both are named", arguments: [32, 33] as [UInt64])
  func clone(seed: UInt64) throws {
    let network = try SimulatedNetwork(seed: seed, plainNodes: 3)
    #expect(network.run(for: .seconds(10)) { $0.allSeeAll })
    let copy = try network.clone(1)
    let isNamed = network.run(for: .seconds(60)) { network in
      network.nodes.contains { node in node.notices.contains { $0.text.contains("key") } }
    }
    #expect(isNamed, "seed \(seed)")
    #expect(network.nodes[copy].id == network.nodes[1].id)
  }

  enum Ending: CaseIterable { case leaves, crashes }

  @Test(
    "Of two processes with one key the one that stays is a member again, whichever it is", arguments: Ending.allCases,
    [true, false])
  func cloneEnds(ending: Ending, copyStays: Bool) throws {
    let network = try SimulatedNetwork(seed: 37, plainNodes: 5)
    #expect(network.run(for: .seconds(10)) { $0.allSeeAll })
    let copy = try network.clone(1)
    network.run(for: .seconds(20))
    #expect(!network.allSeeAll, "as long as both run one of them is shut out")
    let (stays, ends) = copyStays ? (copy, 1) : (1, copy)
    switch ending {
    case .leaves: try network.leave(ends)
    case .crashes: network.crash(ends)
    }
    network.run(for: .seconds(120))
    // The one whose record is the newest was never shut out.
    #expect(network.nodes[stays].notices.contains { $0.text.contains("announces itself anew") } != copyStays)
    for observer in [0, 2, 3, 4] {
      let member = network.nodes[observer].engine.overlay.member(network.nodes[stays].id)
      #expect(member?.state == .alive && member?.addresses == [network.nodes[stays].address], "node \(observer)")
      #expect(network.nodes[stays].engine.overlay.member(network.nodes[observer].id)?.state == .alive)
    }
  }

  @Test("Clocks: the wall steps both ways, the uptime drifts and never goes back")
  func clocks() throws {
    let network = try SimulatedNetwork(seed: 34, plainNodes: 1)
    let first = network.moment(at: 0)
    network.stepClock(0, byMilliseconds: -3_600_000)
    #expect(network.moment(at: 0).wallMilliseconds == first.wallMilliseconds - 3_600_000)
    #expect(network.moment(at: 0).uptime == first.uptime)
    network.driftClock(0, ppm: 200_000)
    network.run(for: .seconds(10))
    #expect(network.moment(at: 0).uptime == first.uptime + .seconds(12))
    #expect(network.moment(at: 0).wallMilliseconds == first.wallMilliseconds - 3_600_000 + 12_000)
    network.driftClock(0, ppm: -100_000)
    #expect(network.moment(at: 0).uptime == first.uptime + .seconds(12))
    network.run(for: .seconds(10))
    #expect(network.moment(at: 0).uptime == first.uptime + .seconds(21))
  }

  @Test("A machine that vanishes leaves links half open; they end by themselves")
  func vanishing() throws {
    let network = try SimulatedNetwork(seed: 35, plainNodes: 2)
    #expect(network.run(for: .seconds(10)) { $0.allSeeAll })
    #expect(!network.links(from: 0, to: 1).isEmpty)
    network.crash(1, silently: true)
    #expect(network.faultCounts[.linkHalfOpen] > 0)
    #expect(network.run(for: .seconds(60)) { $0.links(from: 0, to: 1).isEmpty })
    #expect(network.run(for: .seconds(60)) { $0.all([0], hold: [1], [.failed]) })
  }

  @Test("A node that leaves is known to have left, and does nothing more of its own accord")
  func leaving() throws {
    let network = try SimulatedNetwork(seed: 36, plainNodes: 4)
    network.stepLimit = 20_000
    #expect(network.run(for: .seconds(10)) { $0.allSeeAll })
    try network.leave(2)
    #expect(network.run(for: .seconds(10)) { $0.all([0, 1, 3], hold: [2], [.left]) })
    network.run(for: .seconds(10))
    #expect(network.all([0, 1, 3], hold: [0, 1, 3], [.alive]))
  }
}
