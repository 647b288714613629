/// A signed statement, read from its canonical bytes.
struct Statement: Sendable {
  static let prefix = Array("JointCloud statement v1\n".utf8)

  let author: Voter
  let collaboration: Digest
  let network: Digest
  let purpose: String
  let body: Body
  /// What the signature covers.
  let message: SignedMessage

  init(_ bytes: [UInt8]) throws(ReadError) {
    let fields = try Fields(
      try JSONReader.readCanonical(bytes), of: "statement",
      exactly: ["author", "body", "collaboration", "epoch", "network", "purpose", "version"])
    try fields.version()
    author = Voter(node: try fields.digest("author"), epoch: try fields.number("epoch", atLeast: 0))
    collaboration = try fields.digest("collaboration")
    network = try fields.digest("network")
    purpose = try fields.text("purpose")
    body = try Body(try fields.any("body"), purpose: purpose)
    message = SignedMessage(Self.prefix + bytes)
  }
}

/// Bytes under a signature, with their hash.
struct SignedMessage: Sendable {
  let bytes: [UInt8]
  let digest: Digest

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    digest = Digest(hashing: bytes)
  }
}
