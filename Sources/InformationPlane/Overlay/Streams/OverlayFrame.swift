import Model
import Sodium
import SwiftProtobuf
import Wire

import struct FoundationEssentials.Data

/// A frame of a control link, read.
enum OverlayFrame {
  /// `hops`: links that it has passed, this one included. `detour`: it did not come
  /// along the tree.
  case fact(RawStatement, hops: Int, detour: Bool)
  /// `courtesy`: the sender does not hold the receiver for a neighbour.
  case factAnnouncement([StatementID], lazy: Bool, courtesy: Bool)
  case factSummary(FactSummary)
  /// Bit b of `buckets`: all ids of bucket b are listed.
  case factDigest([StatementID], buckets: UInt64)
  case factRequest([StatementID])
  case factsLeftOut([StatementID], gone: [StatementID])
  case prune
  case graft
  case gossip([RumourFields])
  case direct(RawStatement, within: Duration)
  case directOutcome(StatementID, DirectAnswer)
  case message(PeerMessage)
  case ping(UInt64)
  case pong(UInt64)
  case refusal(StreamRefusal)
  /// From a newer node, or for another kind of stream.
  case unknown

  var isRefusal: Bool { if case .refusal = self { true } else { false } }

  /// A statement before its JSON is read, so that duplicates cost a hash only.
  struct RawStatement {
    let bytes: [UInt8]
    let signature: Signature

    var id: StatementID { StatementID(Digest(of: bytes)) }

    /// - Returns: nil when the bytes are not a statement's.
    func parsed() -> SignedStatement? {
      (try? Statement(bytes: bytes)).map { SignedStatement($0, signature: signature) }
    }
  }
}

/// A frame that is not of its format.
struct FrameError: Error, Equatable {
  let what: String
}

extension OverlayFrame {
  static let reasonByteLimit = 1_024
  /// More links than any fact passes.
  private static let hopLimit: UInt32 = 1_000

  /// Reads a decrypted frame.
  ///
  /// - Parameter idLimit: how many ids a digest may list.
  init(bytes: [UInt8], idLimit: Int) throws(FrameError) {
    guard bytes.count <= OverlayLimits.frameByteLimit, let frame = try? WireFrame(serializedBytes: bytes) else {
      throw FrameError(what: "frame")
    }
    switch frame.payload {
    case .fact(let fact):
      self = .fact(
        try RawStatement(fact.statement), hops: Int(min(fact.hops, Self.hopLimit)), detour: fact.detour)
    case .factAnnouncement(let announcement):
      self = .factAnnouncement(
        try Self.ids(announcement.ids, limit: idLimit), lazy: announcement.lazy, courtesy: announcement.courtesy)
    case .factSummary(let summary): self = .factSummary(try FactSummary(summary))
    case .factDigest(let digest):
      self = .factDigest(try Self.ids(digest.ids, limit: idLimit), buckets: digest.buckets)
    case .factRequest(let request): self = .factRequest(try Self.ids(request.ids, limit: idLimit))
    case .factsLeftOut(let rest):
      self = .factsLeftOut(
        try Self.ids(rest.ids, limit: idLimit), gone: try Self.ids(rest.gone, limit: idLimit))
    case .treePrune: self = .prune
    case .treeGraft: self = .graft
    case .gossip(let gossip):
      guard gossip.updates.count <= Packet.partLimit else { throw FrameError(what: "gossip") }
      var updates: [RumourFields] = []
      for update in gossip.updates { updates.append(try RumourFields(update)) }
      self = .gossip(updates)
    case .direct(let direct):
      let milliseconds = Int64(clamping: direct.deadlineInMilliseconds)
      self = .direct(try RawStatement(direct.statement), within: .milliseconds(milliseconds))
    case .directOutcome(let outcome): self = try Self.outcome(outcome)
    case .ping(let ping): self = .ping(ping.nonce)
    case .pong(let pong): self = .pong(pong.nonce)
    case .refusal(let refusal): self = .refusal(StreamRefusal(refusal))
    case .objectRequest, .objectChunk, .objectRefusal, nil: self = .unknown
    default: self = .message(try PeerMessage(frame))
    }
  }

  private static func ids(_ list: [Data], limit: Int) throws(FrameError) -> [StatementID] {
    guard list.count <= limit else { throw FrameError(what: "ids") }
    var ids: [StatementID] = []
    ids.reserveCapacity(list.count)
    for bytes in list { ids.append(StatementID(try Digest(wire: bytes))) }
    return ids
  }

  private static func outcome(_ outcome: WireDirectOutcome) throws(FrameError) -> OverlayFrame {
    let id = StatementID(try Digest(wire: outcome.id))
    switch outcome.status {
    case .accepted: return .directOutcome(id, .accepted)
    case .refused:
      guard outcome.reason.utf8.count <= reasonByteLimit else { throw FrameError(what: "reason") }
      return .directOutcome(id, .refused(reason: outcome.reason))
    case .busy: return .directOutcome(id, .busy)
    case .unspecified, .UNRECOGNIZED: throw FrameError(what: "status")
    }
  }
}

/// Frames as bytes.
extension OverlayFrame {
  static func fact(_ signed: SignedStatement, hops: Int, detour: Bool) -> [UInt8] {
    encode(
      .fact(
        .with {
          $0.statement = WireSignedStatement(signed)
          $0.hops = UInt32(clamping: hops)
          $0.detour = detour
        }))
  }

  static func factAnnouncement(_ ids: [StatementID], lazy: Bool, courtesy: Bool) -> [UInt8] {
    encode(
      .factAnnouncement(
        .with {
          $0.ids = ids.map { Data($0.digest.bytes) }
          $0.lazy = lazy
          $0.courtesy = courtesy
        }))
  }

  static func factSummary(_ summary: FactSummary) -> [UInt8] { encode(.factSummary(WireFactSummary(summary))) }

  static func factDigest(_ ids: [StatementID], buckets: UInt64) -> [UInt8] {
    encode(
      .factDigest(
        .with {
          $0.ids = ids.map { Data($0.digest.bytes) }
          $0.buckets = buckets
        }))
  }

  static var treePrune: [UInt8] { encode(.treePrune(WireTreePrune())) }
  static var treeGraft: [UInt8] { encode(.treeGraft(WireTreeGraft())) }

  /// - Parameter updates: encoded; each was read or made here before.
  static func gossip(_ updates: [[UInt8]]) -> [UInt8] {
    encode(.gossip(.with { $0.updates = updates.compactMap { try? WireUpdate(serializedBytes: $0) } }))
  }

  static func factRequest(_ ids: [StatementID]) -> [UInt8] {
    encode(.factRequest(.with { $0.ids = ids.map { Data($0.digest.bytes) } }))
  }

  static func factsLeftOut(_ ids: [StatementID], gone: [StatementID]) -> [UInt8] {
    encode(
      .factsLeftOut(
        .with {
          $0.ids = ids.map { Data($0.digest.bytes) }
          $0.gone = gone.map { Data($0.digest.bytes) }
        }))
  }

  static func direct(_ signed: SignedStatement, within: Duration) -> [UInt8] {
    encode(
      .direct(
        .with {
          $0.statement = WireSignedStatement(signed)
          $0.deadlineInMilliseconds = UInt64(max(0, within.milliseconds))
        }))
  }

  static func directOutcome(_ id: StatementID, _ answer: DirectAnswer) -> [UInt8] {
    encode(
      .directOutcome(
        .with {
          $0.id = Data(id.digest.bytes)
          switch answer {
          case .accepted: $0.status = .accepted
          case .refused(let reason):
            $0.status = .refused
            $0.reason = reason.utf8Prefix(reasonByteLimit)
          case .busy: $0.status = .busy
          }
        }))
  }

  static func ping(_ nonce: UInt64) -> [UInt8] { encode(.ping(.with { $0.nonce = nonce })) }
  static func pong(_ nonce: UInt64) -> [UInt8] { encode(.pong(.with { $0.nonce = nonce })) }

  static func refusal(_ refusal: StreamRefusal) -> [UInt8] { encode(.refusal(WireRefusal(refusal))) }

  static func encode(_ payload: WireFrame.OneOf_Payload) -> [UInt8] {
    bytes(of: WireFrame.with { $0.payload = payload })
  }

  static func bytes(of message: some SwiftProtobuf.Message) -> [UInt8] {
    // proto3 messages have no required fields, so serialising cannot fail.
    guard let bytes: [UInt8] = try? message.serializedBytes() else {
      preconditionFailure("a message was not serialised")
    }
    return bytes
  }
}

extension OverlayFrame.RawStatement {
  init(_ wire: WireSignedStatement) throws(FrameError) {
    guard !wire.statement.isEmpty, wire.statement.count <= Statement.byteLimit,
      let signature = try? Signature(bytes: Array(wire.signature))
    else { throw FrameError(what: "statement") }
    bytes = Array(wire.statement)
    self.signature = signature
  }
}

extension WireSignedStatement {
  init(_ signed: SignedStatement) {
    self.init()
    statement = Data(signed.statement.bytes)
    signature = Data(signed.signature.bytes)
  }

  /// - Throws: `FrameError` when it is not a statement.
  func signedStatement() throws(FrameError) -> SignedStatement {
    guard let signed = try OverlayFrame.RawStatement(self).parsed() else { throw FrameError(what: "statement") }
    return signed
  }
}

extension Digest {
  init(wire bytes: Data) throws(FrameError) {
    guard let digest = Digest(bytes: bytes) else { throw FrameError(what: "id") }
    self = digest
  }
}

extension String {
  /// The longest prefix within a number of UTF-8 bytes.
  func utf8Prefix(_ limit: Int) -> String {
    guard utf8.count > limit else { return self }
    var out = ""
    var count = 0
    for character in self {
      count += character.utf8.count
      if count > limit { break }
      out.append(character)
    }
    return out
  }
}
