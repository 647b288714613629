import Model
import SwiftProtobuf
import Wire

import struct FoundationEssentials.Data

/// What a sealed datagram holds.
struct Packet: Sendable {
  struct Probe: Sendable {
    let number: UInt64
    /// What the sender holds of the receiver.
    let version: MemberVersion
    let isDoubted: Bool
  }

  struct Acknowledgement: Sendable {
    let number: UInt64
    /// Who is alive; nil: the sender itself.
    let node: NodeID?
  }

  struct Request: Sendable {
    let number: UInt64
    let node: NodeID
  }

  var probes: [Probe] = []
  var acknowledgements: [Acknowledgement] = []
  var requests: [Request] = []
  /// Encoded updates, as rumours keep them.
  var updates: [[UInt8]] = []
  var summary: FactSummary?

  var isEmpty: Bool {
    probes.isEmpty && acknowledgements.isEmpty && requests.isEmpty && updates.isEmpty && summary == nil
  }
}

extension Packet {
  /// More parts of one kind than an honest sender puts into a datagram.
  static let partLimit = 16
  /// The field number of `updates`, and the wire type of a message.
  private static let updateTag: UInt8 = 4 << 3 | 2

  /// An update as bytes: a packet is the concatenation of its parts, so each is encoded once.
  static func bytes(of update: WireUpdate) -> [UInt8] { OverlayFrame.bytes(of: update) }

  /// What an update adds to a packet.
  static func byteCount(ofUpdate bytes: [UInt8]) -> Int { bytes.count + (bytes.count < 128 ? 2 : 3) }

  var encoded: [UInt8] {
    let wire = WirePacket.with {
      $0.probes = probes.map { probe in
        .with {
          $0.number = probe.number
          $0.incarnation = UInt64(clamping: probe.version.incarnation)
          $0.refutation = UInt64(clamping: probe.version.refutation)
          $0.doubted = probe.isDoubted
        }
      }
      $0.acknowledgements = acknowledgements.map { acknowledgement in
        .with {
          $0.number = acknowledgement.number
          if let node = acknowledgement.node { $0.node = Data(node.digest.bytes) }
        }
      }
      $0.requests = requests.map { request in
        .with {
          $0.number = request.number
          $0.node = Data(request.node.digest.bytes)
        }
      }
      if let summary { $0.summary = WireFactSummary(summary) }
    }
    var out = OverlayFrame.bytes(of: wire)
    for update in updates {
      out.append(Self.updateTag)
      if update.count >= 128 { out.append(UInt8(update.count & 127 | 128)) }
      out.append(UInt8(update.count < 128 ? update.count : update.count >> 7))
      out += update
    }
    return out
  }

  /// What came in a datagram.
  struct Received {
    var probes: [Probe] = []
    var acknowledgements: [Acknowledgement] = []
    var requests: [Request] = []
    var updates: [RumourFields] = []
    var summary: FactSummary?
  }

  static func received(_ bytes: [UInt8]) throws(FrameError) -> Received {
    guard let wire = try? WirePacket(serializedBytes: bytes) else { throw FrameError(what: "packet") }
    guard max(wire.probes.count, wire.acknowledgements.count, wire.requests.count, wire.updates.count) <= partLimit
    else { throw FrameError(what: "packet's parts") }
    var out = Received()
    for probe in wire.probes {
      out.probes.append(
        Probe(
          number: probe.number,
          version: MemberVersion(
            incarnation: Int(clamping: probe.incarnation), refutation: Int(clamping: probe.refutation)),
          isDoubted: probe.doubted))
    }
    for acknowledgement in wire.acknowledgements {
      let node = acknowledgement.node.isEmpty ? nil : NodeID(try Digest(wire: acknowledgement.node))
      out.acknowledgements.append(Acknowledgement(number: acknowledgement.number, node: node))
    }
    for request in wire.requests {
      out.requests.append(Request(number: request.number, node: NodeID(try Digest(wire: request.node))))
    }
    for update in wire.updates { out.updates.append(try RumourFields(update)) }
    if wire.hasSummary { out.summary = try FactSummary(wire.summary) }
    return out
  }
}
