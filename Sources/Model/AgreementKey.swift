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
    let container = try decoder.singleValueContainer()
    guard let bytes = Hexadecimal.decode(try container.decode(String.self)), let key = AgreementKey(bytes: bytes)
    else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "expected 64 lowercase hexadecimal digits")
    }
    self = key
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Hexadecimal.encode(bytes))
  }
}
