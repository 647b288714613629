/// What a node keeps of its promise and its vote in the promised term. Its own format, so other members may be there.
struct Ballot: Sendable {
  let promised: Int
  let vote: Choice?

  init(_ bytes: [UInt8]) throws(ReadError) {
    let fields = try Fields(open: try JSONReader.read(bytes), of: "ballot")
    promised = try fields.number("promised", atLeast: 1)
    guard let value = fields.optional("vote") else {
      vote = nil
      return
    }
    let chosen = try Fields(open: value, of: "ballot's vote")
    vote = Choice(
      term: promised, candidate: try chosen.digest("candidate"), position: try Position(try chosen.any("position")))
  }
}

/// A vote: for whom, in which term, and at which position.
struct Choice: Hashable, Sendable {
  let term: Int
  let candidate: Digest
  let position: Position
}
