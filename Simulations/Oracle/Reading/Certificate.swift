/// Signatures of several voters over one body.
struct Certificate: Sendable {
  struct Signed: Sendable {
    let author: Voter
    let signature: [UInt8]
    let message: SignedMessage
  }

  let collaboration: Digest
  let network: Digest
  let purpose: String
  let body: Body
  let signatures: [Signed]

  init(_ bytes: [UInt8]) throws(ReadError) {
    try self.init(try JSONReader.readCanonical(bytes))
  }

  init(_ value: JSONValue) throws(ReadError) {
    let fields = try Fields(
      value, of: "certificate", exactly: ["body", "collaboration", "network", "purpose", "signatures"])
    collaboration = try fields.digest("collaboration")
    network = try fields.digest("network")
    purpose = try fields.text("purpose")
    let content = try fields.any("body")
    body = try Body(content, purpose: purpose)
    var signatures: [Signed] = []
    for item in try fields.list("signatures") {
      let signed = try Fields(item, of: "signature", exactly: ["author", "epoch", "signature"])
      let author = Voter(node: try signed.digest("author"), epoch: try signed.number("epoch", atLeast: 0))
      guard let signature = Digest.bytes(hexadecimal: try signed.text("signature"), count: 64) else {
        throw .member("signature")
      }
      // In order and each once, so that nobody counts twice.
      if let last = signatures.last, last.author.node >= author.node { throw .member("signatures") }
      let statement = JSONValue.object([
        JSONMember(name: "author", value: .text(author.node.hexadecimal)),
        JSONMember(name: "body", value: content),
        JSONMember(name: "collaboration", value: .text(collaboration.hexadecimal)),
        JSONMember(name: "epoch", value: .number(author.epoch)),
        JSONMember(name: "network", value: .text(network.hexadecimal)),
        JSONMember(name: "purpose", value: .text(purpose)),
        JSONMember(name: "version", value: .number(1)),
      ])
      signatures.append(
        Signed(
          author: author, signature: signature, message: SignedMessage(Statement.prefix + statement.canonical)))
    }
    self.signatures = signatures
  }
}
