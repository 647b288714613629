import Model
import Sodium
import SwiftProtobuf
import Wire

import struct FoundationEssentials.Data

// Datagrams: what is in them goes to membership; a bad one costs a counter and nothing else.
extension OverlayCore {
  mutating func receive(datagram bytes: [UInt8], from address: String, _ turn: inout Turn) {
    traffic.datagramsReceived += 1
    traffic.datagramBytesReceived += bytes.count
    guard !leaving else { return }
    switch DatagramHead.kind(of: bytes) {
    case .sealed: receive(sealed: bytes, from: address, &turn)
    case .hello: receive(hello: bytes, from: address, &turn)
    case nil: drop(.garbage, from: nil, &turn)
    }
  }

  private mutating func receive(sealed bytes: [UInt8], from address: String, _ turn: inout Turn) {
    guard let datagram = SealedDatagram(bytes) else { return drop(.malformed, from: nil, &turn) }
    guard let peer = table.node(by: datagram.sender), let member = table[peer] else {
      return drop(.unknownAuthor, from: nil, &turn)
    }
    guard !revoked.contains(peer) else { return drop(.revoked, from: nil, &turn) }
    guard let key = member.key(numbered: datagram.keyNumber, at: turn.uptime) else {
      drop(.unknownKey, from: nil, &turn)
      // It may have started anew: it is to show its record.
      return greet(peer, wantsAnswer: true, &turn)
    }
    let packet: Packet.Received
    do throws(DatagramFault) {
      let opened = try datagramKeys.open(datagram, from: peer, key)
      do throws(FrameError) {
        packet = try Packet.received(opened)
      } catch {
        return drop(.malformed, from: linkOfNode[peer], &turn)
      }
    } catch {
      switch error {
      case .otherKey:
        drop(.unknownKey, from: nil, &turn)
        // It does not know that this node has started anew.
        greet(peer, wantsAnswer: false, &turn)
      case .replayed: drop(.replayed, from: nil, &turn)
      case .unusableKey, .notAuthentic: drop(.alteredDatagram, from: nil, &turn)
      }
      return
    }
    heard(peer, at: address, &turn)
    take(packet, from: peer, at: address, &turn)
  }

  private mutating func heard(_ peer: NodeID, at address: String, _ turn: inout Turn) {
    lastHeardAt = turn.uptime
    let listens = table[peer]?.checked.record.addresses.contains(address) == true
    table.change(peer) { member in
      member.heardAt = turn.now
      member.source = listens && member.source == nil ? nil : address
    }
    // Whoever speaks is not dead; it is asked at once, since only an answer is fresh for certain.
    if table[peer]?.state == .failed { startProbe(of: peer, .revival, &turn) }
  }

  private mutating func take(
    _ packet: Packet.Received, from peer: NodeID, at address: String, _ turn: inout Turn
  ) {
    for update in packet.updates { receive(update, from: peer, on: nil, &turn) }
    for answer in packet.acknowledgements { receive(answer, from: peer, &turn) }
    for probe in packet.probes { receive(probe, from: peer, at: address, &turn) }
    for request in packet.requests { receive(request, from: peer, &turn) }
    if let summary = packet.summary { compare(summary, with: peer, &turn) }
  }

  // MARK: Sending

  /// Seals and sends a packet, with as many rumours as fit besides.
  mutating func send(_ packet: Packet, to peer: NodeID, try attempt: Int = 0, _ turn: inout Turn) {
    guard let address = table[peer]?.address(try: attempt) else { return }
    send(packet, to: peer, at: address, &turn)
  }

  mutating func send(_ packet: Packet, to peer: NodeID, at address: String, _ turn: inout Turn) {
    guard let member = table[peer] else { return }
    var packet = packet
    var rest = SealedDatagram.packetByteLimit - packet.encoded.count
    // First what is said of the receiver itself: it is to object.
    for rumour in member.accusations.sorted(by: { $0.key < $1.key }).prefix(2).map(\.value) {
      let size = Packet.byteCount(ofUpdate: rumour.bytes)
      guard size <= rest, packet.updates.count < Packet.partLimit, !packet.updates.contains(rumour.bytes) else { break }
      packet.updates.append(rumour.bytes)
      rest -= size
    }
    if packet.updates.isEmpty {
      packet.updates = gossip.take(
        byteLimit: rest, receivers: 1, sendings: GossipQueue.sendings(members: table.rings.count))
    }
    guard let bytes = datagramKeys.seal(packet.encoded, by: node, for: peer, member.key) else {
      return drop(.unusableKey, from: nil, &turn)
    }
    sendDatagram(bytes, to: address, &turn)
  }

  mutating func sendDatagram(_ bytes: [UInt8], to address: String, _ turn: inout Turn) {
    precondition(bytes.count <= DatagramHead.byteLimit, "a datagram of \(bytes.count) bytes")
    traffic.datagramsSent += 1
    traffic.datagramBytesSent += bytes.count
    turn.emit(.sendDatagram(bytes, to: address))
  }
}
