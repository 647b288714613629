internal import Engine
package import Model
internal import Overlay

/// One scenario with one seed.
package final class ScenarioRun {
  let scenario: Scenario
  let network: SimulatedNetwork
  /// The scenario's own choices, apart from the world's: an act that is taken out leaves the others as they are.
  var dice: Random
  var captured: Capture?
  private(set) var misses: [String] = []
  /// The texts of all broadcasts, in order.
  private var broadcasts: [String] = []

  package init(_ scenario: Scenario, seed: UInt64) throws {
    self.scenario = scenario
    dice = .seeded(seed ^ 0x5ce7_a210)
    network = try SimulatedNetwork(seed: seed, [])
    network.stepLimit = .max
    network.noticesKept = 200
    network.realHandshakes = scenario.realHandshakes
    for index in 0..<scenario.nodes {
      try network.add(.plain(index), begins: index < scenario.begun)
    }
  }

  /// Plays the scenario to its end.
  package func play() -> ScenarioReport {
    let clock = ContinuousClock()
    let began = clock.now
    for (at, act) in scenario.timeline { network.act(after: at) { _ in self.perform(act) } }
    for expectation in scenario.expectations {
      guard let by = expectation.by else { continue }
      network.act(after: by) { _ in self.judge(expectation) }
    }
    network.run(for: scenario.duration, lookingEvery: scenario.duration)
    for expectation in scenario.expectations where expectation.by == nil { judge(expectation) }
    misses += network.breaches.map { "must never happen: \($0)" }
    return ScenarioReport(
      name: scenario.name, seed: network.seed, misses: misses, digest: network.fingerprint.digest,
      virtual: scenario.duration, real: clock.now - began, steps: network.steps, faults: network.faultCounts.byName,
      drops: drops, copiesPermille: copiesPermille, hops: hops)
  }

  /// What nodes dropped, by reason.
  private var drops: [(name: String, count: Int)] {
    network.nodes.reduce(into: [String: Int]()) { sum, node in sum.merge(node.engine.dropped, uniquingKeysWith: +) }
      .sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private func judge(_ expectation: ScenarioExpectation) {
    guard let miss = miss(expectation.what), misses.count < 100 else { return }
    misses.append("\(expectation.by.map { "by \($0): " } ?? "in the end: ")\(miss)")
  }

  func attempt(_ what: String, _ body: () throws -> Void) {
    do { try body() } catch { network.breach("\(what): \(error)") }
  }

  // MARK: Broadcasts

  func broadcast(_ label: String, from index: Int) {
    guard network.nodes[index].isUp else { return }
    broadcasts.append(label)
    network.broadcast(label, from: index)
  }

  var missed: [(text: String, nodes: [Int])] {
    broadcasts.map { ($0, network.missing($0)) }.filter { !$0.nodes.isEmpty }
  }

  var repeats: Int { broadcasts.reduce(0) { $0 + (network.observations.deliveries[$1]?.repeats ?? 0) } }

  /// Bodies of facts that came in for each that was new, in thousandths.
  var copiesPermille: Int {
    let (bodies, taken) = network.nodes.reduce((0, 0)) { sum, node in
      (sum.0 + node.engine.overlay.traffic.factBodiesReceived, sum.1 + node.engine.overlay.traffic.factsTaken)
    }
    return taken == 0 ? 0 : bodies * 1_000 / taken
  }

  var hops: Int { network.nodes.reduce(0) { max($0, $1.engine.overlay.traffic.factHopsMost) } }
}

/// What came of a run.
package struct ScenarioReport: Sendable {
  package let name: String
  package let seed: UInt64
  /// Expectations that were not met, in words.
  package let misses: [String]
  package let digest: Digest
  package let virtual: Duration
  package let real: Duration
  package let steps: Int
  package let faults: [(name: String, count: Int)]
  package let drops: [(name: String, count: Int)]
  package let copiesPermille: Int
  package let hops: Int

  package var isMet: Bool { misses.isEmpty }

  /// Virtual seconds in one real second.
  package var speedup: Double { real > .zero ? virtual / real : 0 }
}
