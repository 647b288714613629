internal import Sodium

/// An X25519 public key, 32 bytes; 64 lowercase hexadecimal digits in documents.
public struct AgreementKey: Hashable, Sendable, Codable {
  public let bytes: [UInt8]

  /// - Returns: nil unless there are exactly 32 bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == KeyExchange.byteCount else { return nil }
    self.bytes = bytes
  }

  public init(from decoder: any Decoder) throws {
    self = try HexadecimalCoding.decode(from: decoder, digits: 64) { AgreementKey(bytes: $0) }
  }

  public func encode(to encoder: any Encoder) throws { try HexadecimalCoding.encode(bytes, to: encoder) }
}
