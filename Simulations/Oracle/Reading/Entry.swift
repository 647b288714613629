/// An entry of the history, read from its canonical bytes.
struct Entry: Sendable {
  let hash: Digest
  let collaboration: Digest
  let configuration: Digest
  let kind: String
  let number: Int
  let previous: Digest
  let term: Int
  let body: JSONValue

  init(_ bytes: [UInt8]) throws(ReadError) {
    let fields = try Fields(
      try JSONReader.readCanonical(bytes), of: "entry",
      exactly: [
        "body", "collaboration", "configuration", "kind", "number", "previous", "term", "timeMilliseconds", "version",
      ])
    try fields.version()
    _ = try fields.number("timeMilliseconds", atLeast: 0)
    hash = Digest(hashing: [0] + bytes)
    collaboration = try fields.digest("collaboration")
    configuration = try fields.digest("configuration")
    kind = try fields.text("kind")
    number = try fields.number("number", atLeast: 1)
    previous = try fields.digest("previous")
    term = try fields.number("term", atLeast: 1)
    body = try fields.any("body")
  }

  /// What a term begins with: who coordinates it, and the votes that say so.
  func opening() throws(ReadError) -> (coordinator: Digest, election: Certificate) {
    let fields = try Fields(open: body, of: "term.opened")
    _ = try fields.any("cause")
    _ = try fields.any("grounds")
    return (try fields.digest("coordinator"), try Certificate(try fields.any("election")))
  }
}
