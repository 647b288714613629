import Model
import Sodium
import SwiftProtobuf
import Wire

import struct FoundationEssentials.Data

/// A rumour as it travels: the fields of its statement, whose canonical JSON is made anew from them. Nothing of it
/// is checked.
struct RumourFields: Sendable {
  let subject: Rumour.Subject
  let epoch: Int
  /// Of an accusation.
  let milliseconds: Int64
  let signature: Signature
  let wire: WireUpdate

  /// Who signed.
  var author: NodeID {
    switch subject {
    case .accusation(_, let accuser, _): accuser
    case .refutation(let node, _): node
    }
  }

  /// The statement that the signature is to cover.
  ///
  /// - Returns: nil when the fields are none of a statement's.
  func rumour(in network: NetworkID) -> Rumour? {
    let statement: Statement?
    switch subject {
    case .accusation(let accused, let accuser, let version):
      let body = Accusation(
        accused: accused, incarnation: version.incarnation, milliseconds: milliseconds, refutation: version.refutation)
      statement = try? Statement(body, by: accuser, epoch: epoch, network: network)
    case .refutation(let node, let version):
      let body = Refutation(incarnation: version.incarnation, refutation: version.refutation)
      statement = try? Statement(body, by: node, epoch: epoch, network: network)
    }
    return statement.map {
      Rumour(subject: subject, signed: SignedStatement($0, signature: signature), bytes: Packet.bytes(of: wire))
    }
  }
}

extension RumourFields {
  private static let numberLimit = UInt64(JSON.integerLimit)

  /// Keeps the fields only: what else came with them nobody signed, and it is not sent on.
  init(_ wire: WireUpdate) throws(FrameError) {
    switch wire.kind {
    case .accusation(let accusation):
      let version = try Self.version(accusation.incarnation, accusation.refutation)
      guard accusation.milliseconds <= Self.numberLimit else { throw FrameError(what: "accusation") }
      let body = Accusation(
        accused: NodeID(try Digest(wire: accusation.accused)), incarnation: version.incarnation,
        milliseconds: Int64(accusation.milliseconds), refutation: version.refutation)
      self.init(
        body, by: NodeID(try Digest(wire: accusation.accuser)), epoch: Int(accusation.epoch),
        signature: try Self.signature(accusation.signature))
    case .refutation(let refutation):
      let version = try Self.version(refutation.incarnation, refutation.refutation)
      self.init(
        Refutation(incarnation: version.incarnation, refutation: version.refutation),
        by: NodeID(try Digest(wire: refutation.node)), epoch: Int(refutation.epoch),
        signature: try Self.signature(refutation.signature))
    case nil: throw FrameError(what: "update")
    }
  }

  private static func version(_ incarnation: UInt64, _ refutation: UInt64) throws(FrameError) -> MemberVersion {
    guard incarnation <= numberLimit, refutation <= numberLimit else { throw FrameError(what: "version") }
    return MemberVersion(incarnation: Int(incarnation), refutation: Int(refutation))
  }

  private static func signature(_ bytes: Data) throws(FrameError) -> Signature {
    guard let signature = try? Signature(bytes: Array(bytes)) else { throw FrameError(what: "signature") }
    return signature
  }

  /// The fields of a statement.
  init(_ body: Accusation, by accuser: NodeID, epoch: Int, signature: Signature) {
    subject = .accusation(accused: body.accused, accuser: accuser, body.version)
    self.epoch = epoch
    self.milliseconds = body.milliseconds
    self.signature = signature
    wire = .with {
      $0.accusation = .with {
        $0.accused = Data(body.accused.digest.bytes)
        $0.incarnation = UInt64(clamping: body.incarnation)
        $0.refutation = UInt64(clamping: body.refutation)
        $0.accuser = Data(accuser.digest.bytes)
        $0.epoch = UInt32(clamping: epoch)
        $0.milliseconds = UInt64(clamping: body.milliseconds)
        $0.signature = Data(signature.bytes)
      }
    }
  }

  init(_ body: Refutation, by node: NodeID, epoch: Int, signature: Signature) {
    subject = .refutation(node, body.version)
    self.epoch = epoch
    milliseconds = 0
    self.signature = signature
    wire = .with {
      $0.refutation = .with {
        $0.node = Data(node.digest.bytes)
        $0.incarnation = UInt64(clamping: body.incarnation)
        $0.refutation = UInt64(clamping: body.refutation)
        $0.epoch = UInt32(clamping: epoch)
        $0.signature = Data(signature.bytes)
      }
    }
  }
}
