import Consensus
import Model
import Overlay
import Sodium
import SwiftProtobuf
import Wire

import struct FoundationEssentials.Data

/// A consensus message as nodes put it into a frame of a link (docs/protocol/frame.proto, `Consensus`).
enum ConsensusFrame {
  static func encode(_ message: ConsensusMessage, of collaboration: CollaborationID) throws -> (bytes: [UInt8], Lane) {
    let parts = message.parts
    let frame = WireFrame.with { frame in
      frame.consensus = .with {
        $0.collaboration = Data(collaboration.digest.bytes)
        $0.kind = parts.kind
        $0.statements = parts.statements.map { signed in
          .with {
            $0.statement = Data(signed.statement.bytes)
            $0.signature = Data(signed.signature.bytes)
          }
        }
        $0.entries = parts.entries.map { Data($0) }
        $0.document = Data(parts.document)
      }
    }
    return (try frame.serializedBytes(), parts.entries.isEmpty ? .control : .bulk)
  }

  static func decode(_ bytes: [UInt8]) throws -> (CollaborationID, ConsensusMessage) {
    let wire = try WireFrame(serializedBytes: bytes).consensus
    guard let collaboration = Digest(bytes: wire.collaboration) else {
      throw BenchmarkFailure("a member sent a frame that names no collaboration")
    }
    let statements = try wire.statements.map { signed in
      SignedStatement(
        try Statement(bytes: Array(signed.statement)), signature: try Signature(bytes: Array(signed.signature)))
    }
    let parts = ConsensusMessageParts(
      kind: wire.kind, statements: statements, entries: wire.entries.map { Array($0) }, document: Array(wire.document))
    return (CollaborationID(collaboration), try ConsensusMessage(parts))
  }
}
