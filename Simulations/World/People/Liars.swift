internal import Engine
internal import Model
internal import Overlay
internal import SwiftProtobuf
internal import Wire

// Members whose program is not this one.
extension SimulatedNetwork {
  /// So many fit.
  private static let accusationsInOneDatagram = 4

  /// A member says of others, signed by its own key, that they do not answer.
  ///
  /// - Throws: `IdentityError`.
  package func accuse(_ victims: [Int], by liar: Int, tellingTo hearers: [Int]) throws {
    var updates: [[UInt8]] = []
    for victim in victims {
      guard let member = nodes[liar].engine.overlay.member(nodes[victim].id) else { continue }
      updates.append(
        try RawTraffic.accusation(
          of: member.id, incarnation: member.incarnation,
          refutation: nodes[liar].engine.overlay.refutation(of: member.id) ?? 0, by: nodes[liar].identity,
          wallMilliseconds: moment(at: liar).wallMilliseconds))
    }
    for start in stride(from: 0, to: updates.count, by: Self.accusationsInOneDatagram) {
      let part = Array(updates[start..<min(start + Self.accusationsInOneDatagram, updates.count)])
      for hearer in hearers where hearer != liar {
        guard let datagram = nodes[liar].engine.rawDatagram(updates: part, to: nodes[hearer].id) else { continue }
        sendDatagram(datagram, to: nodes[hearer].address, from: liar)
      }
    }
  }

  /// A member pushes an announcement on all its links, past the quota that its own program would keep.
  ///
  /// - Throws: `IdentityError`.
  package func flood(_ text: String, by flooder: Int, lifetimeMilliseconds: Int64 = 60_000) throws {
    let body = Announcement(
      text: text, expiresMilliseconds: moment(at: flooder).wallMilliseconds + lifetimeMilliseconds,
      trace: TraceID(random.digest()))
    let frame = RawTraffic.fact(try nodes[flooder].identity.sign(body), hops: 1)
    for link in streams.links(of: flooder) { transmit(frame, on: link, .control) }
  }

  /// From now on a node passes on no facts, though it goes on announcing what it has.
  package func withholdFacts(at index: Int) {
    tamperFrames[index] = { _, bytes in Self.isFact(bytes) ? [] : [bytes] }
  }

  /// From now on a node damages facts that it passes on, now and then.
  package func alterFacts(at index: Int, permille: Int) {
    // A generator of its own: the closure cannot reach the world's.
    var dice = Random.seeded(seed &* 0x9e37_79b9 &+ UInt64(index))
    tamperFrames[index] = { _, bytes in
      guard Self.isFact(bytes), Int.random(in: 0..<1_000, using: &dice) < permille else { return [bytes] }
      var bytes = bytes
      bytes[Int.random(in: bytes.indices, using: &dice)] ^= 1 << UInt8.random(in: 0..<8, using: &dice)
      return [bytes]
    }
  }

  /// A node does again what its program says.
  package func behave(_ index: Int) {
    tamperFrames[index] = nil
    tamperDatagrams[index] = nil
  }

  private static func isFact(_ frame: [UInt8]) -> Bool {
    guard let frame = try? WireFrame(serializedBytes: frame), case .fact = frame.payload else { return false }
    return true
  }
}
