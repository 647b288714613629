import Simulations
import Testing

/// What `simulate figures overlay` finds, in a small network (R18, R21).
@Suite struct FigureTests {
  // In virtual time: how busy this machine is does not matter.
  @Test("Each figure of a small network is found, and within what docs promise", arguments: [31, 32] as [UInt64])
  func small(seed: UInt64) throws {
    var notes: [String] = []
    let nodes = 16
    let figures = try OverlayMeasurement.run(nodes: nodes, seed: seed) { notes.append($0) }
    let all = "seed \(seed): \(figures)"
    #expect(figures.values.allSatisfy { $0.value != nil }, "\(all)")
    #expect(figures.broadcastMissed == 0 && figures.falseDeaths == 0, "\(all)")
    #expect(figures.joinAllMilliseconds.map { (1...1_500).contains($0) } == true, "\(all)")
    #expect(figures.newcomerMilliseconds.map { (1...1_500).contains($0) } == true, "\(all)")
    #expect(figures.killKnownMilliseconds.map { (100...5_000).contains($0) } == true, "\(all)")
    #expect((1...figures.broadcastP99Milliseconds).contains(figures.broadcastP50Milliseconds), "\(all)")
    #expect((figures.broadcastP99Milliseconds...100).contains(figures.broadcastLastMilliseconds), "\(all)")
    #expect((1_000...1_300).contains(figures.copiesPermille), "\(all)")
    #expect(figures.hopsMeanPermille >= 1_000 && figures.hopsMeanPermille <= figures.hopsMost * 1_000, "\(all)")
    // Probes of one target in a second, their answers, and what rides on them.
    #expect((1_000...8_000).contains(figures.datagramsPermille) && figures.datagramBytes > 0, "\(all)")
    #expect(notes.count == 5, "\(notes)")
  }
}
