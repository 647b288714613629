import Model
import Overlay
import Simulations
import Testing

/// How facts spread.
@Suite struct TreeTests {
  static let seed = UInt64.random(in: 0...UInt64.max)

  /// A world in which some broadcasts have shaped the tree.
  static func shaped(_ count: Int) throws -> SimulatedNetwork {
    let network = try SimulatedNetwork.met(count, seed: seed, after: .seconds(5))
    for round in 0..<5 {
      network.broadcast("first \(round)", from: round)
      network.run(for: .milliseconds(500))
    }
    return network
  }

  @Test(arguments: [20, 3_000])
  func broadcastsReachAllByFewCopiesAndHops(textBytes: Int) throws {
    let network = try Self.shaped(30)
    let hosts = network.nodes.indices
    let before = hosts.map { network.overlay($0).traffic.factBodiesReceived }
    let taken = hosts.map { network.log($0).facts.count }
    let text = String(repeating: "x", count: textBytes)
    for round in 0..<20 {
      network.broadcast("\(text) \(round)", from: (round * 7) % 30)
      network.run(for: .milliseconds(500))
    }
    for round in 0..<20 {
      #expect(network.missing("\(text) \(round)").isEmpty, "seed \(Self.seed)")
      #expect(network.observations.deliveries["\(text) \(round)"]?.repeats == 0, "seed \(Self.seed)")
    }
    let copies = hosts.reduce(0) { $0 + network.overlay($1).traffic.factBodiesReceived - before[$1] }
    #expect(Double(copies) / Double(20 * 29) <= 1.5, "seed \(Self.seed)")
    let hops = hosts.flatMap { network.log($0).facts[taken[$0]...].map(\.hops) }.max() ?? 0
    #expect((1...10).contains(hops), "seed \(Self.seed)")
  }

  @Test func theTreeMendsItselfWhenNodesDie() throws {
    let network = try Self.shaped(20)
    for host in 15..<20 { network.crash(host) }
    for round in 0..<10 {
      network.broadcast("in the midst \(round)", from: 0)
      network.run(for: .milliseconds(400))
    }
    network.run(for: .seconds(15))
    for round in 0..<10 { #expect(network.missing("in the midst \(round)").isEmpty, "seed \(Self.seed)") }
  }

  @Test func aRelayThatWithholdsStopsNothing() throws {
    let network = try SimulatedNetwork.met(20, seed: Self.seed, after: .seconds(5))
    for host in 3..<6 { network.withholdFacts(at: host) }
    for round in 0..<10 {
      network.broadcast("withheld \(round)", from: 0)
      network.run(for: .milliseconds(400))
    }
    network.run(for: .seconds(20))
    for round in 0..<10 { #expect(network.missing("withheld \(round)").isEmpty, "seed \(Self.seed)") }
    #expect(network.faultCounts[.frameAltered] > 0)
  }

  @Test func aGoodbyeReachesThoseWhoWereNotLinked() throws {
    let network = try SimulatedNetwork.met(20, seed: Self.seed, after: .seconds(5))
    #expect(network.overlay(9).linkedPeers.count < 19, "seed \(Self.seed)")
    try network.leave(9)
    network.run(for: .seconds(3))
    for host in network.live {
      #expect(network.state(of: 9, at: host) == .left, "seed \(Self.seed), host \(host)")
      #expect(!network.sawFail(9, at: host), "seed \(Self.seed)")
    }
  }

  @Test func streamsThatNobodyWantsAreClosed() throws {
    let network = try SimulatedNetwork.met(30, seed: Self.seed, after: .seconds(5))
    try network.send(from: 0, to: 29)
    network.run(for: .seconds(120))
    let most = network.nodes.indices.map { network.overlay($0).linkedPeers.count }.max() ?? 0
    #expect(most <= 8, "seed \(Self.seed)")
  }

  @Test func theTreeStandsOnStreamsThatStay() throws {
    // Newcomers are served by their seed at first, whether it is their neighbour or not.
    let network = try SimulatedNetwork.met(30, seed: Self.seed, after: .seconds(2))
    for round in 0..<5 {
      network.broadcast("early \(round)", from: round * 5)
      network.run(for: .milliseconds(300))
    }
    network.run(for: .seconds(60))
    for round in 0..<12 {
      network.broadcast("late \(round)", from: round)
      network.run(for: .seconds(1))
    }
    let patience = OverlayLimits().lazyPatience
    for round in 0..<12 {
      let text = "late \(round)"
      #expect(network.missing(text).isEmpty, "seed \(Self.seed)")
      guard let delivery = network.observations.deliveries[text] else { continue }
      let last = delivery.told.values.max() ?? delivery.sent
      #expect(last - delivery.sent < patience, "seed \(Self.seed): \(text) was repaired, not pushed")
    }
  }

  @Test func streamsOfCourtesyEndThoughFactsGoOn() throws {
    let network = try SimulatedNetwork.met(30, seed: Self.seed, after: .seconds(2))
    for round in 0..<45 {
      network.broadcast("steady \(round)", from: round % 30)
      network.run(for: .seconds(2))
    }
    #expect(network.overlay(0).linkedPeers.count <= 8, "seed \(Self.seed): its newcomers have neighbours long since")
  }
}
