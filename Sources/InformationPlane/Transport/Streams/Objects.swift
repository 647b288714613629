public import Model

/// Gives byte strings by content to peers. Every member of the network may ask.
public protocol ObjectSource: Sendable {
  /// - Returns: nil when this node does not have it.
  func open(_ reference: ObjectReference, for peer: NodeID) async throws -> (any ObjectReader)?
}

/// One byte string being read.
public protocol ObjectReader: Sendable {
  /// - Returns: `count` bytes from `offset` on, fewer only at the end.
  func read(at offset: Int, count: Int) async throws -> [UInt8]
  func close() async
}

/// Takes the pieces of a fetched byte string, in order and without gaps; checking its hash is for whoever owns it.
public protocol ObjectSink: Sendable {
  func append(_ bytes: [UInt8], at offset: Int) async throws
}
