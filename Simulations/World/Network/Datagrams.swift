internal import Engine
internal import Model

// The way of datagrams: they may be lost, doubled, late or damaged, and nobody is told.
extension SimulatedNetwork {
  /// What fits one packet on the common networks.
  package static let datagramByteLimit = 1_500

  /// A host sends a datagram, which its engine may never have wanted.
  package func sendDatagram(_ bytes: [UInt8], to address: String, from index: Int) {
    guard let tamper = tamperDatagrams[index] else { return put(bytes, to: address, from: index) }
    let sent = tamper(address, bytes)
    if sent != [bytes] { faultCounts.count(.datagramAltered) }
    for bytes in sent { put(bytes, to: address, from: index) }
  }

  /// A host that is no node, at an address of its own, sends a datagram.
  package func sendDatagram(_ bytes: [UInt8], to address: String, fromOutside sender: String) {
    guard let target = hostOfAddress[address] else { return faultCounts.count(.datagramUndeliverable) }
    deliver(.datagram(bytes, from: sender), to: target, after: .microseconds(500))
  }

  private func put(_ bytes: [UInt8], to address: String, from index: Int) {
    guard bytes.count <= Self.datagramByteLimit else {
      oversizeDatagrams += 1
      return breach("node \(index) sent a datagram of \(bytes.count) bytes")
    }
    guard let target = hostOfAddress[address] else { return faultCounts.count(.datagramUndeliverable) }
    capture?.add(bytes, from: index, to: target, at: now.uptime)
    guard !reach.isCutForDatagrams(from: index, to: target) else { return faultCounts.count(.datagramCut) }
    let faults = datagramFaults
    guard !happens(faults.lossPermille) else { return faultCounts.count(.datagramLost) }
    fly(bytes, from: index, to: target)
    if happens(faults.duplicationPermille) {
      faultCounts.count(.datagramDuplicated)
      fly(bytes, from: index, to: target)
    }
  }

  private func fly(_ bytes: [UInt8], from index: Int, to target: Int) {
    var bytes = bytes
    var delay = latency(index, target)
    if happens(datagramFaults.reorderingPermille) {
      faultCounts.count(.datagramReordered)
      delay += .milliseconds(Int64.random(in: 1...max(1, datagramFaults.reorderingDelay.milliseconds), using: &random))
    }
    if happens(datagramFaults.corruptionPermille), !bytes.isEmpty { damage(&bytes) }
    deliver(.datagram(bytes, from: nodes[index].address), to: target, after: delay)
  }

  private func damage(_ bytes: inout [UInt8]) {
    if Int.random(in: 0..<4, using: &random) == 0 {
      faultCounts.count(.datagramTruncated)
      bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
    } else {
      faultCounts.count(.datagramCorrupted)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      }
    }
  }

  /// Draws nothing when the fault is off, so that other draws stay as they are.
  func happens(_ permille: Int) -> Bool { permille > 0 && Int.random(in: 0..<1_000, using: &random) < permille }

  func latency(_ from: Int, _ to: Int, isStream: Bool = false) -> Duration {
    latencies.draw(
      Path(from: from, to: to), isSameZone: nodes[from].plan.zone == nodes[to].plan.zone, isStream: isStream, &random)
  }
}
