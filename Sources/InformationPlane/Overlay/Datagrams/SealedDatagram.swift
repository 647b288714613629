import Model
import Sodium

/// The layout of a sealed datagram (docs/protocol/README.md):
/// magic 4 | kind 1 | sender 16 | the sender's key number 8 | hint at the receiver's key 4 | counter 8 | box.
struct SealedDatagram {
  static let senderByteCount = 16
  static let hintByteCount = 4
  static let headByteCount = DatagramHead.magic.count + 1 + senderByteCount + 8 + hintByteCount + 8
  /// What a packet may have for the datagram to keep its limit.
  static let packetByteLimit = DatagramHead.byteLimit - headByteCount - BoxKey.overheadByteCount

  /// The first bytes of the sender's id.
  let sender: SenderPrefix
  /// The incarnation of the record that brought the sender's key.
  let keyNumber: UInt64
  /// The first bytes of the receiver's public key, so that it knows which of its keys is meant.
  let hint: [UInt8]
  /// Rises with each datagram from this sender's key to this receiver's.
  let counter: UInt64
  let box: [UInt8]

  /// - Returns: nil for what is too short or too long.
  init?(_ bytes: [UInt8]) {
    guard bytes.count > Self.headByteCount + BoxKey.overheadByteCount, bytes.count <= DatagramHead.byteLimit else {
      return nil
    }
    var place = DatagramHead.magic.count + 1
    func take(_ count: Int) -> ArraySlice<UInt8> {
      defer { place += count }
      return bytes[place..<(place + count)]
    }
    sender = SenderPrefix(take(Self.senderByteCount))
    keyNumber = Self.number(take(8))
    hint = Array(take(Self.hintByteCount))
    counter = Self.number(take(8))
    box = Array(bytes[place...])
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

  private static func bytes(of number: UInt64) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
  }

  static func sealed(
    _ packet: [UInt8], by sender: NodeID, keyNumber: UInt64, for receiverKey: [UInt8], counter: UInt64, with key: BoxKey
  ) -> [UInt8] {
    let prefix = sender.digest.bytes.prefix(senderByteCount)
    var out = DatagramHead.magic
    out.reserveCapacity(headByteCount + packet.count + BoxKey.overheadByteCount)
    out.append(DatagramHead.Kind.sealed.rawValue)
    out += prefix
    out += bytes(of: keyNumber)
    out += receiverKey.prefix(hintByteCount)
    out += bytes(of: counter)
    out += key.seal(packet, nonce: nonce(counter, prefix))
    return out
  }

  /// - Throws: `SodiumError.notAuthentic`.
  func opened(by sender: NodeID, with key: BoxKey) throws(SodiumError) -> [UInt8] {
    try key.open(box, nonce: Self.nonce(counter, sender.digest.bytes.prefix(Self.senderByteCount)))
  }

  /// The two ends have one key in common and each its own counter, so the sender's id keeps their nonces apart.
  private static func nonce(_ counter: UInt64, _ sender: ArraySlice<UInt8>) -> [UInt8] { bytes(of: counter) + sender }
}

/// The first 16 bytes of a node's id: enough to look it up by, and half as long.
struct SenderPrefix: Hashable, Sendable {
  private let high: UInt64
  private let low: UInt64

  init(_ bytes: ArraySlice<UInt8>) {
    high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    low = bytes.dropFirst(8).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  init(_ node: NodeID) {
    (high, low, _, _) = node.digest.words
  }
}
