import Model
import SwiftProtobuf
import Wire

import struct FoundationEssentials.Data

@testable import Overlay

/// Records as datagrams carry them.
enum CompactRecords {
  /// The statement that a record's fields give, after they were bytes; at most a datagram's.
  static func roundTrip(_ record: CheckedMember) throws -> SignedStatement {
    let bytes: [UInt8] = try WireCompactRecord(record).serializedBytes()
    precondition(bytes.count < DatagramHead.byteLimit - 64)
    return try WireCompactRecord(serializedBytes: bytes).signedStatement(in: record.signed.statement.network)
  }

  static func hello(_ record: SignedStatement, network: NetworkID, to peer: NodeID) throws -> [UInt8] {
    let checked = try CheckedMember(trusting: record, network: network)
    let hello = try WireHello.with {
      $0.record = try WireCompactRecord(checked)
      $0.peer = Data(peer.digest.bytes)
      $0.answer = true
    }
    return DatagramHead.magic + [DatagramHead.Kind.hello.rawValue] + (try hello.serializedBytes())
  }
}
