/// A node in an epoch of its key: what a configuration lists and a signature names.
struct Voter: Hashable, Sendable {
  let node: Digest
  let epoch: Int
}

/// Who votes, read from its canonical bytes; joint while one set gives way to the next.
struct Configuration: Sendable {
  let digest: Digest
  let voters: [Voter]
  let next: [Voter]?

  init(_ bytes: [UInt8]) throws(ReadError) {
    let value = try JSONReader.readCanonical(bytes)
    let joint = value["next"] != nil
    let fields = try Fields(
      value, of: "configuration", exactly: joint ? ["next", "quorum", "voters"] : ["quorum", "voters"])
    digest = Digest(hashing: bytes)
    voters = try Self.voters(try fields.list("voters"))
    next = joint ? try Self.voters(try fields.list("next")) : nil
    let quorum = try fields.text("quorum")
    // A joint configuration may stand between two sizes, so either word may be its.
    let words = joint ? ["majority", "byzantine"] : [Self.word(for: voters.count)]
    guard words.contains(quorum) else { throw .member("quorum") }
  }

  private static func voters(_ items: [JSONValue]) throws(ReadError) -> [Voter] {
    var voters: [Voter] = []
    for item in items {
      let fields = try Fields(item, of: "voter", exactly: ["epoch", "node"])
      let voter = Voter(node: try fields.digest("node"), epoch: try fields.number("epoch", atLeast: 0))
      if let last = voters.last, last.node >= voter.node { throw .member("voters") }
      voters.append(voter)
    }
    guard !voters.isEmpty else { throw .member("voters") }
    return voters
  }

  static func word(for size: Int) -> String { size <= 3 ? "majority" : "byzantine" }

  /// How many of `size` are a quorum: a majority of up to three; from four on enough that two quorums share an
  /// honest voter when a third less one lie.
  static func quorum(of size: Int) -> Int {
    guard size > 3 else { return size / 2 + 1 }
    let liars = (size - 1) / 3
    return (size + liars) / 2 + 1
  }

  func has(_ voter: Voter) -> Bool {
    voters.contains(voter) || next?.contains(voter) == true
  }

  func isQuorum(_ signers: Set<Voter>) -> Bool {
    Self.isQuorum(signers, of: voters) && next.map { Self.isQuorum(signers, of: $0) } != false
  }

  private static func isQuorum(_ signers: Set<Voter>, of voters: [Voter]) -> Bool {
    voters.count(where: signers.contains) >= quorum(of: voters.count)
  }

  /// Whether `later` may follow without two quorums that share nobody: the same nodes with other epochs,
  /// a joint one that starts from here, or the end of a joint one.
  func mayGiveWay(to later: Configuration) -> Bool {
    let nodes = voters.map(\.node)
    let laterNodes = later.voters.map(\.node)
    if let next {
      let nextNodes = next.map(\.node)
      if let laterNext = later.next { return nodes == laterNodes && nextNodes == laterNext.map(\.node) }
      return laterNodes == nextNodes
    }
    return nodes == laterNodes
  }
}
