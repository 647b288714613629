import Engine
import Model
import Overlay
import Simulations
import Testing

/// Links begin with the handshake that ships (R19, R20).
@Suite struct GreetingTests {
  @Test("Whose invitation is over is not let in, with the handshake and by its rules alone", arguments: [true, false])
  func expiredGrant(isReal: Bool) throws {
    let network = try SimulatedNetwork(seed: 41, plainNodes: 2)
    network.realHandshakes = isReal
    var late = NodePlan(name: "late")
    late.grantMilliseconds = 1_000
    let index = try network.add(late, begins: false)
    network.run(for: .seconds(2))
    try network.boot(index)
    network.run(for: .seconds(10))
    #expect(network.nodes[0].engine.dropped["overlay: expiredGrant"] ?? 0 > 0, "\(network.nodes[0].engine.dropped)")
    #expect(network.links(from: index, to: 0).isEmpty)
    #expect(network.observations.sighting(of: index, by: 0) == nil)
  }

  @Test("An altered message of a handshake makes no link")
  func altered() throws {
    let network = try SimulatedNetwork(seed: 42, plainNodes: 1)
    var third = 0
    network.tamperGreetings = { from, _, bytes in
      guard from == 1, bytes.count > 200 else { return bytes }
      third += 1
      var bytes = bytes
      bytes[bytes.count / 2] ^= 1
      return bytes
    }
    try network.add(NodePlan(name: "b"))
    network.run(for: .seconds(5))
    #expect(third > 0 && network.nodes[0].engine.dropped["overlay: badHandshake"] ?? 0 > 0)
    // Node 1 may hold one for the moment that its answer takes.
    #expect(network.nodes[0].engine.overlay.linkedPeers.isEmpty)
    network.tamperGreetings = nil
    #expect(network.run(for: .seconds(30)) { $0.allSeeAll })
  }

  @Test("Handshakes that are said again by a stranger are refused")
  func replayed() throws {
    let network = try SimulatedNetwork(seed: 43, plainNodes: 1)
    network.beginCapture()
    try network.add(NodePlan(name: "b"))
    #expect(network.run(for: .seconds(10)) { $0.allSeeAll })
    let captured = try #require(network.endCapture())
    #expect(captured.greetingCount > 0)
    network.replayGreetings(captured)
    #expect(network.breaches == [])
    #expect(network.nodes[0].engine.dropped["overlay: badHandshake"] ?? 0 > 0)
  }
}
