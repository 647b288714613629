import Engine
import Model
import Overlay
import Simulations
import Testing

/// What passes between hosts, and what a cut does to it (R60).
@Suite struct ReachTests {
  @Test("Datagrams pass a one-way cut in the other direction only")
  func oneWay() throws {
    let network = try SimulatedNetwork(seed: 11, plainNodes: 2)
    network.run(for: .seconds(2))
    network.cut(from: 0, to: 1)
    let before = (network.datagramsDelivered, network.faultCounts[.datagramCut])
    network.nodes.indices.forEach { network.pause($0) }
    network.sendDatagram([1, 2, 3], to: network.nodes[1].address, from: 0)
    #expect(network.faultCounts[.datagramCut] == before.1 + 1)
    network.sendDatagram([1, 2, 3], to: network.nodes[0].address, from: 1)
    network.nodes.indices.forEach { network.resume($0) }
    network.run(for: .milliseconds(3))
    #expect(network.datagramsDelivered > before.0)
  }

  @Test("Where streams alone pass, frames arrive and datagrams do not", arguments: [false, true])
  func streamsAlone(isHealed: Bool) throws {
    let network = try SimulatedNetwork(seed: 16, plainNodes: 2)
    #expect(network.run(for: .seconds(5)) { $0.allSeeAll && !$0.links(from: 0, to: 1).isEmpty })
    let link = try #require(network.links(from: 0, to: 1).first)
    network.cutDatagrams(from: 0, to: 1)
    if isHealed { network.heal(from: 0, to: 1) }
    let frames = network.nodes[1].engine.overlay.traffic.framesReceived
    let cut = network.faultCounts[.datagramCut]
    network.sendDatagram([1, 2, 3], to: network.nodes[1].address, from: 0)
    network.transmit([1], on: link, .control)
    network.run(for: .milliseconds(3))
    #expect(network.faultCounts[.datagramCut] == cut + (isHealed ? 0 : 1))
    #expect(network.faultCounts[.datagramOneWayCut] == 1 && network.faultCounts[.frameStalled] == 0)
    #expect(network.nodes[1].engine.overlay.traffic.framesReceived > frames)
  }

  @Test("Each fault of datagrams comes as often as it is asked for, and is counted", arguments: [21, 22] as [UInt64])
  func datagramFaults(seed: UInt64) throws {
    let network = try SimulatedNetwork(seed: seed, plainNodes: 2)
    network.pause(0)
    network.datagramFaults.lossPermille = 300
    network.datagramFaults.duplicationPermille = 100
    network.datagramFaults.reorderingPermille = 200
    network.datagramFaults.corruptionPermille = 50
    let count = 4_000
    for _ in 0..<count {
      network.sendDatagram([UInt8](repeating: 7, count: 100), to: network.nodes[1].address, from: 0)
    }
    let counts = network.faultCounts
    func isNear(_ kind: FaultKind, _ expected: Int) -> Bool { abs(counts[kind] - expected) < expected / 3 }
    #expect(isNear(.datagramLost, count * 3 / 10), "seed \(seed): \(counts.byName)")
    let flown = count - counts[.datagramLost]
    #expect(isNear(.datagramDuplicated, flown / 10), "seed \(seed): \(counts.byName)")
    #expect(isNear(.datagramReordered, flown * 11 / 50), "seed \(seed): \(counts.byName)")
    let damaged = counts[.datagramCorrupted] + counts[.datagramTruncated]
    #expect(abs(damaged - flown * 11 / 200) < flown / 50, "seed \(seed): \(counts.byName)")
    #expect(counts[.datagramTruncated] > 0)
  }

  @Test("A datagram over the limit is dropped and counted as the program's fault")
  func oversize() throws {
    let network = try SimulatedNetwork(seed: 12, plainNodes: 2)
    network.sendDatagram([UInt8](repeating: 0, count: 1_501), to: network.nodes[1].address, from: 0)
    #expect(network.oversizeDatagrams == 1 && network.breaches.count == 1)
  }

  @Test("Frames that a cut holds up arrive in order once it heals; a longer one breaks the link")
  func stalledFrames() throws {
    let network = try SimulatedNetwork(seed: 13, plainNodes: 2)
    #expect(network.run(for: .seconds(5)) { $0.allSeeAll && !$0.links(from: 0, to: 1).isEmpty })
    let link = try #require(network.links(from: 0, to: 1).first)
    network.cut(from: 0, to: 1)
    // The nodes themselves would give up the link before the machine does.
    network.pause(0)
    network.pause(1)
    network.transmit([1], on: link, .control)
    network.run(for: .seconds(2))
    #expect(network.faultCounts[.frameStalled] == 1)
    network.heal(from: 0, to: 1)
    network.run(for: .seconds(1))
    #expect(network.links(from: 0, to: 1) == [link])
    network.cut(0, 1)
    network.resume(0)
    network.transmit([2], on: link, .control)
    network.pause(0)
    network.run(for: .seconds(21))
    network.resume(0)
    network.run(for: .milliseconds(1))
    #expect(!network.links(from: 0, to: 1).contains(link))
  }

  @Test("Parted groups meet again when the partition heals", arguments: [14, 15] as [UInt64])
  func partition(seed: UInt64) throws {
    let network = try SimulatedNetwork(seed: seed, plainNodes: 6)
    #expect(network.run(for: .seconds(20)) { $0.allSeeAll }, "seed \(seed)")
    network.partition([[0, 1, 2], [3, 4, 5]])
    let isParted = network.run(for: .seconds(60)) { $0.all([0, 1, 2], hold: [3, 4, 5], [.failed]) }
    #expect(isParted, "seed \(seed)")
    network.healAll()
    let met = network.run(for: .seconds(120)) { $0.allSeeAll }
    #expect(met, "seed \(seed): \(String(describing: network.firstMiss(network.live, network.live, [.alive])))")
  }
}
