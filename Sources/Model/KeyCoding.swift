public import Sodium

/// In documents a public key is 64 lowercase hexadecimal digits.
extension VerificationKey: Codable {
  public init(from decoder: any Decoder) throws {
    self = try HexadecimalCoding.decode(from: decoder, digits: 64) { try? VerificationKey(bytes: $0) }
  }

  public func encode(to encoder: any Encoder) throws { try HexadecimalCoding.encode(bytes, to: encoder) }
}

/// In documents a signature is 128 lowercase hexadecimal digits.
extension Signature: Codable {
  public init(from decoder: any Decoder) throws {
    self = try HexadecimalCoding.decode(from: decoder, digits: 128) { try? Signature(bytes: $0) }
  }

  public func encode(to encoder: any Encoder) throws { try HexadecimalCoding.encode(bytes, to: encoder) }
}
