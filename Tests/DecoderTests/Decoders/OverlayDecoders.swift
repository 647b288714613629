import Model
import SwiftProtobuf
import Wire

import struct FoundationEssentials.Data

@testable import Overlay

// Frames and packets in the clear are what a member can say: each is read, written again, and given to a node that
// believes the member.
extension ByteDecoder {
  static let overlayDecoders = [
    ByteDecoder("frame", byteLimit: 1 << 16, frame),
    ByteDecoder("packet", byteLimit: SealedDatagram.packetByteLimit, packet),
    ByteDecoder("sealed-datagram", byteLimit: DatagramHead.byteLimit + 1, sealedDatagram),
    ByteDecoder("hello", byteLimit: DatagramHead.byteLimit + 1, hello),
  ]

  private static let idLimit = 1_000

  @Sendable private static func frame(_ bytes: [UInt8]) throws(BrokenLaw) -> Bool {
    Cast.fixed.tell(.frame(Cast.link, bytes))
    guard let frame = try? OverlayFrame(bytes: bytes, idLimit: idLimit) else { return false }
    guard let written = encoded(frame) else { return true }
    guard let again = try? OverlayFrame(bytes: written, idLimit: idLimit) else {
      throw BrokenLaw(what: "a frame is refused when written again")
    }
    try BrokenLaw.require(encoded(again) == written, "a frame read twice is another")
    if case .gossip(let updates) = frame { for update in updates { try check(update) } }
    return true
  }

  /// - Returns: nil for what is not sent on.
  private static func encoded(_ frame: OverlayFrame) -> [UInt8]? {
    switch frame {
    case .fact(let raw, let hops, let detour):
      raw.parsed().map { OverlayFrame.fact($0, hops: hops, detour: detour) }
    case .factAnnouncement(let ids, let lazy, let courtesy):
      OverlayFrame.factAnnouncement(ids, lazy: lazy, courtesy: courtesy)
    case .factSummary(let summary): OverlayFrame.factSummary(summary)
    case .factDigest(let ids, let buckets): OverlayFrame.factDigest(ids, buckets: buckets)
    case .factRequest(let ids): OverlayFrame.factRequest(ids)
    case .factsLeftOut(let ids, let gone): OverlayFrame.factsLeftOut(ids, gone: gone)
    case .prune: OverlayFrame.treePrune
    case .graft: OverlayFrame.treeGraft
    case .gossip(let updates): OverlayFrame.gossip(updates.map { Packet.bytes(of: $0.wire) })
    case .direct(let raw, let within): raw.parsed().map { OverlayFrame.direct($0, within: within) }
    case .directOutcome(let id, let answer): OverlayFrame.directOutcome(id, answer)
    case .message(let message): message.encoded
    case .ping(let nonce): OverlayFrame.ping(nonce)
    case .pong(let nonce): OverlayFrame.pong(nonce)
    case .refusal(let refusal): OverlayFrame.refusal(refusal)
    case .unknown: nil
    }
  }

  @Sendable private static func packet(_ bytes: [UInt8]) throws(BrokenLaw) -> Bool {
    Cast.fixed.tell(.datagram(Cast.fixed.sealed(bytes), from: Cast.address))
    guard let received = try? Packet.received(bytes) else { return false }
    let written = encoded(received)
    guard let again = try? Packet.received(written) else {
      throw BrokenLaw(what: "a packet is refused when written again")
    }
    try BrokenLaw.require(encoded(again) == written, "a packet read twice is another")
    for update in received.updates { try check(update) }
    return true
  }

  private static func encoded(_ received: Packet.Received) -> [UInt8] {
    Packet(
      probes: received.probes, acknowledgements: received.acknowledgements, requests: received.requests,
      updates: received.updates.map { Packet.bytes(of: $0.wire) }, summary: received.summary
    ).encoded
  }

  /// Rumours are sent on: with what their author signed, and with nothing besides.
  private static func check(_ update: RumourFields) throws(BrokenLaw) {
    guard let rumour = update.rumour(in: Cast.fixed.founder.network) else { return }
    let made: RumourFields? =
      switch rumour.subject {
      case .accusation:
        (try? rumour.signed.statement.decode(Accusation.self)).map {
          RumourFields($0, by: update.author, epoch: update.epoch, signature: update.signature)
        }
      case .refutation:
        (try? rumour.signed.statement.decode(Refutation.self)).map {
          RumourFields($0, by: update.author, epoch: update.epoch, signature: update.signature)
        }
      }
    let signed = made.map { Packet.bytes(of: $0.wire) }
    try BrokenLaw.require(rumour.bytes == signed, "a rumour is sent on with more than its author signed")
  }

  @Sendable private static func sealedDatagram(_ bytes: [UInt8]) throws(BrokenLaw) -> Bool {
    Cast.fixed.tell(.datagram(bytes, from: Cast.address))
    guard DatagramHead.kind(of: bytes) == .sealed, let datagram = SealedDatagram(bytes) else { return false }
    try BrokenLaw.require(bytes.count <= DatagramHead.byteLimit, "a datagram over the limit was taken")
    try BrokenLaw.require(
      bytes.count == SealedDatagram.headByteCount + datagram.box.count, "a datagram's parts are not all of it")
    return Cast.fixed.opens(datagram)
  }

  @Sendable private static func hello(_ bytes: [UInt8]) throws(BrokenLaw) -> Bool {
    let cast = Cast.fixed
    cast.tell(.datagram(bytes, from: Cast.address))
    guard DatagramHead.kind(of: bytes) == .hello,
      let hello = try? WireHello(serializedBytes: Array(bytes.dropFirst(DatagramHead.magic.count + 1))),
      let signed = try? hello.record.signedStatement(in: cast.founder.network)
    else { return false }
    guard
      let checked = try? CheckedMember(signed, genesis: cast.founder.genesis, network: cast.founder.network)
    else { return false }
    let again = try? WireCompactRecord(checked).signedStatement(in: cast.founder.network)
    try BrokenLaw.require(
      again?.statement.bytes == signed.statement.bytes && again?.signature == signed.signature,
      "a record is another one after it was made small")
    return true
  }
}
