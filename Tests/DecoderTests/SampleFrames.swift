import Model
import SwiftProtobuf
import Wire

import struct Foundation.Data

@testable import Overlay

// Every frame and every part of a packet once.
extension Samples {
  static func frames() throws -> [(String, [UInt8])] {
    let cast = Cast.fixed
    let digest = Digest(of: [7])
    let id = StatementID(digest)
    let signed = try cast.joiner.sign(
      Announcement(text: "rest", expiresMilliseconds: Cast.now + 1_000, trace: TraceID(digest)))
    var summary = FactSummary()
    summary.insert(id)
    let refutation = try refutation()
    let accusation = try accusation()
    return [
      ("fact", OverlayFrame.fact(signed, hops: 3, detour: false)),
      ("announcement", OverlayFrame.factAnnouncement([id, signed.id], lazy: true, courtesy: false)),
      ("detour", OverlayFrame.fact(signed, hops: 1, detour: true)),
      ("summary", OverlayFrame.factSummary(summary)),
      ("digest", OverlayFrame.factDigest([id], buckets: 1 << 63)),
      ("request", OverlayFrame.factRequest([id])), ("left-out", OverlayFrame.factsLeftOut([id], gone: [signed.id])),
      ("prune", OverlayFrame.treePrune), ("graft", OverlayFrame.treeGraft),
      ("gossip", OverlayFrame.gossip([accusation, refutation])),
      ("direct", OverlayFrame.direct(signed, within: .seconds(5))),
      ("accepted", OverlayFrame.directOutcome(id, .accepted)),
      ("no", OverlayFrame.directOutcome(id, .refused(reason: "no room"))),
      ("busy", OverlayFrame.directOutcome(id, .busy)),
      ("ping", OverlayFrame.ping(1 << 40)), ("pong", OverlayFrame.pong(7)),
      ("refusal", OverlayFrame.refusal(.invitationUsedUp)),
    ] + messages(signed)
  }

  private static func messages(_ signed: SignedStatement) -> [(String, [UInt8])] {
    let digest = Digest(of: [8])
    let collaboration = CollaborationID(digest)
    let attempt = AttemptID(task: TaskID(digest), subtask: 2, number: 1)
    let amounts = Amounts(cpuMillicores: 4_000, memoryBytes: 1 << 33)
    let hop = PeerMessage.TraceHop(
      milliseconds: Cast.now, plane: "information", what: "fact", detail: "é", node: Cast.fixed.joiner.node,
      passage: .init(via: Cast.fixed.founder.node, links: 2))
    let messages: [(String, PeerMessage)] = [
      (
        "consensus-request",
        .consensus(
          .init(
            collaboration: collaboration, kind: "request", statements: [], entries: [],
            document: Array(#"{"from":1,"limit":256}"#.utf8)))
      ),
      (
        "consensus-entries",
        .consensus(
          .init(
            collaboration: collaboration, kind: "entries", statements: [signed], entries: [[0x7b, 0x7d]],
            document: []))
      ),
      ("log-request", .logRequest(.init(attempt: attempt, stream: .stderr, offset: 1_000, limit: 4_096))),
      ("log", .logChunk(.init(attempt: attempt, stream: .stdout, offset: 5, bytes: [1, 2], end: true, problem: "x"))),
      ("trace-request", .traceRequest(.init(number: 3, trace: TraceID(digest)))),
      ("trace", .traceReply(.init(number: 3, hops: [hop], problem: "more"))),
      ("report-request", .reportRequest),
      ("report", .report(.init(total: amounts, committed: .zero, running: 2, openTasks: 1))),
    ]
    return messages.map { ("message-\($0)", $1.encoded) }
  }

  private static func accusation() throws -> [UInt8] {
    let cast = Cast.fixed
    let body = Accusation(accused: cast.founder.node, incarnation: 1, milliseconds: Cast.now, refutation: 0)
    let signed = try cast.joiner.sign(body)
    return Packet.bytes(
      of: RumourFields(body, by: cast.joiner.node, epoch: cast.joiner.epoch, signature: signed.signature).wire)
  }

  private static func refutation() throws -> [UInt8] {
    let cast = Cast.fixed
    let body = Refutation(incarnation: 1, refutation: 3)
    let signed = try cast.joiner.sign(body)
    return Packet.bytes(
      of: RumourFields(body, by: cast.joiner.node, epoch: cast.joiner.epoch, signature: signed.signature).wire)
  }

  static func packets() throws -> [Sample] {
    let cast = Cast.fixed
    let version = MemberVersion(incarnation: 1)
    var summary = FactSummary()
    summary.insert(StatementID(Digest(of: [9])))
    let probe = Packet(probes: [.init(number: 1, version: version, isDoubted: true)])
    let all = Packet(
      probes: probe.probes,
      acknowledgements: [.init(number: 2, node: nil), .init(number: 3, node: cast.joiner.node)],
      requests: [.init(number: 4, node: cast.founder.node)], updates: [try accusation(), try refutation()],
      summary: summary)
    // A field that no node knows, beside what its author signed.
    let padded = Packet(updates: [try accusation() + [0xfa, 0x01, 0x02, 0x68, 0x69]])
    let record = try WireCompactRecord(CheckedMember(trusting: cast.joinerRecord, network: cast.founder.network))
    let hello = WireHello.with {
      $0.record = record
      $0.peer = Data(cast.founder.node.digest.bytes)
      $0.answer = true
    }
    return [
      Sample(decoder: "packet", name: "probe", bytes: probe.encoded),
      Sample(decoder: "packet", name: "all-parts", bytes: all.encoded),
      Sample(decoder: "packet", name: "unknown-field", bytes: padded.encoded),
      Sample(decoder: "sealed-datagram", name: "probe", bytes: cast.sealed(probe.encoded)),
      Sample(
        decoder: "hello", name: "joiner",
        bytes: DatagramHead.magic + [DatagramHead.Kind.hello.rawValue] + OverlayFrame.bytes(of: hello)),
    ]
  }
}
