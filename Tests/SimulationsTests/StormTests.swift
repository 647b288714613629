import Engine
import Overlay
import Simulations
import Testing

/// What is told while those who have just come find their places (R18, R21).
@Suite struct StormTests {
  // Seeds in which streams to strangers, fetched copies and views that differ meet the tree.
  @Test(
    "What is told after a storm of joins comes along the tree, not by repair", arguments: [2, 3, 7, 10] as [UInt64])
  func tree(seed: UInt64) throws {
    let network = try SimulatedNetwork(seed: seed, [])
    network.hasFingerprint = false
    network.realHandshakes = false
    for index in 0..<30 { try network.add(.plain(index), begins: false) }
    for index in network.nodes.indices {
      let wait = Duration.milliseconds(Int.random(in: 0...5_000, using: &network.random))
      network.act(after: wait) { try? $0.boot(index) }
    }
    #expect(network.run(for: .seconds(60)) { $0.live.count == 30 && $0.allSeeAll }, "seed \(seed)")
    network.run(for: .seconds(2))
    // Longer than the streams that the storm left over.
    for round in 0..<50 {
      let text = "round \(round)"
      network.broadcast(text, from: Int.random(in: 0..<30, using: &network.random))
      let isTold = network.run(for: OverlayLimits().lazyPatience) { $0.missing(text).isEmpty }
      #expect(isTold, "seed \(seed): \(text) was repaired, not pushed")
      network.run(for: .seconds(1))
    }
    let hops = network.nodes.map { $0.engine.overlay.traffic.factHopsMost }.max() ?? 0
    #expect((1...10).contains(hops), "seed \(seed)")
  }
}
