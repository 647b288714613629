import Oracle
import Sodium

/// A tiny world with real keys, whose history a test writes by hand: nodes are numbers, node 0 is the founder.
struct Play {
  struct Made {
    let bytes: [UInt8]
    let hash: [UInt8]
    let number: Int
    let term: Int
    let configuration: [UInt8]
  }

  struct Signed {
    let bytes: [UInt8]
    let signature: [UInt8]
  }

  /// A position as votes name it.
  struct At {
    let term: Int
    let number: Int
    let head: [UInt8]

    var text: String { #"{"head":"\#(hexadecimal(head))","number":\#(number),"term":\#(term)}"# }
  }

  static let collaboration = SHA256.hash(Array("collaboration".utf8))
  static let network = SHA256.hash(Array("network".utf8))

  var judge = Judge()
  let keys: [SigningKey]
  let ids: [[UInt8]]
  let founding: [UInt8]
  var collaboration = Play.collaboration
  var network = Play.network
  var epoch = 1

  /// - Parameter voters: how many of the six nodes vote.
  init(voters: Int = 4, judge: Judge = Judge()) throws {
    let pairs = try (0..<6).map { index in
      (try SigningKey(seed: [UInt8](repeating: UInt8(index), count: 32)), SHA256.hash([UInt8(index)]))
    }.sorted { $0.1.lexicographicallyPrecedes($1.1) }
    keys = pairs.map(\.0)
    ids = pairs.map(\.1)
    founding = Judge.configuration(voters: pairs.prefix(voters).map { ($0.1, 1) })
    self.judge = judge
    for (index, key) in keys.enumerated() {
      self.judge.knows(node: ids[index], epoch: 1, key: key.verificationKey.bytes)
    }
    self.judge.founded(collaboration, network: network, configuration: founding, founder: ids[0])
  }

  var start: At { At(term: 1, number: 0, head: Play.collaboration) }
  func configuration(_ voters: [Int], next: [Int]? = nil) -> [UInt8] {
    Judge.configuration(voters: voters.map { (ids[$0], 1) }, next: next.map { $0.map { (ids[$0], 1) } })
  }

  // MARK: Making

  func entry(
    after previous: Made? = nil, term: Int = 1, kind: String = "task", body: String = "{}",
    configuration: [UInt8]? = nil
  ) -> Made {
    let number = (previous?.number ?? 0) + 1
    let named = SHA256.hash(configuration ?? founding)
    let text =
      #"{"body":\#(body),"collaboration":"\#(hexadecimal(collaboration))","configuration":"\#(hexadecimal(named))","#
      + #""kind":"\#(kind)","number":\#(number),"previous":"\#(hexadecimal(previous?.hash ?? Play.collaboration))","#
      + #""term":\#(term),"timeMilliseconds":5,"version":1}"#
    let bytes = Array(text.utf8)
    return Made(
      bytes: bytes, hash: SHA256.hash([0] + bytes), number: number, term: term, configuration: named)
  }

  /// The first entry of a term, with votes of `signers` for `candidate`.
  func opening(
    _ term: Int, by candidate: Int, at position: At, after previous: Made?, signers: [Int] = [0, 1, 2]
  ) -> Made {
    let election = text(certificate("vote", ballot(term, candidate, position), signers))
    return entry(
      after: previous, term: term, kind: "term.opened",
      body: #"{"cause":{},"coordinator":"\#(hexadecimal(ids[candidate]))","election":\#(election),"grounds":{}}"#)
  }

  func signed(_ purpose: String, _ body: String, by node: Int) -> Signed {
    let text =
      #"{"author":"\#(hexadecimal(ids[node]))","body":\#(body),"collaboration":"\#(hexadecimal(collaboration))","#
      + #""epoch":\#(epoch),"network":"\#(hexadecimal(network))","purpose":"\#(purpose)","version":1}"#
    let signature = keys[node].sign(Array(("JointCloud statement v1\n" + text).utf8))
    return Signed(bytes: Array(text.utf8), signature: signature.bytes)
  }

  func certificate(_ purpose: String, _ body: String, _ signers: [Int]) -> [UInt8] {
    let signatures = signers.map { node in
      let signature = hexadecimal(signed(purpose, body, by: node).signature)
      return #"{"author":"\#(hexadecimal(ids[node]))","epoch":\#(epoch),"signature":"\#(signature)"}"#
    }
    return Array(
      (#"{"body":\#(body),"collaboration":"\#(hexadecimal(collaboration))","network":"\#(hexadecimal(network))","#
        + #""purpose":"\#(purpose)","signatures":[\#(signatures.joined(separator: ","))]}"#).utf8)
  }

  func place(_ entry: Made, _ term: Int) -> String {
    #"{"configuration":"\#(hexadecimal(entry.configuration))","head":"\#(hexadecimal(entry.hash))","#
      + #""number":\#(entry.number),"term":\#(term)}"#
  }

  func ballot(_ term: Int, _ candidate: Int, _ position: At) -> String {
    #"{"candidate":"\#(hexadecimal(ids[candidate]))","configuration":"\#(hexadecimal(SHA256.hash(founding)))","#
      + #""position":\#(position.text),"term":\#(term)}"#
  }

  func leaving(_ term: Int, _ more: String = "") -> String {
    #"{"configuration":"\#(hexadecimal(SHA256.hash(founding)))",\#(more)"term":\#(term)}"#
  }

  // MARK: Telling

  mutating func keep(_ kept: Kept, at nodes: [Int]) {
    for node in nodes { judge.became(durable: kept, at: ids[node], in: Play.collaboration) }
  }

  mutating func say(_ purpose: String, _ body: String, by nodes: [Int]) {
    for node in nodes {
      let signed = signed(purpose, body, by: node)
      judge.left(statement: signed.bytes, signature: signed.signature, by: ids[node])
    }
  }

  mutating func keep(_ entry: Made, at nodes: [Int]) { keep(.entry(entry.bytes), at: nodes) }

  mutating func propose(_ entry: Made, term: Int = 1, by node: Int = 0, kept: Bool = true) {
    let body =
      #"{"configuration":"\#(hexadecimal(entry.configuration))","first":\#(entry.number),"#
      + #""head":"\#(hexadecimal(entry.hash))","last":\#(entry.number),"term":\#(term)}"#
    let proposal = signed("proposal", body, by: node)
    if kept { keep(.proposal(statement: proposal.bytes, signature: proposal.signature), at: [node]) }
    judge.left(statement: proposal.bytes, signature: proposal.signature, by: ids[node])
  }

  mutating func ack(_ entry: Made, term: Int = 1, by nodes: [Int]) { say("ack", place(entry, term), by: nodes) }
  mutating func confirm(_ entry: Made, term: Int = 1, by nodes: [Int]) { say("confirm", place(entry, term), by: nodes) }

  mutating func prepare(_ entry: Made, term: Int = 1, signers: [Int] = [0, 1, 2], at nodes: [Int]) {
    keep(.prepared(certificate("ack", place(entry, term), signers)), at: nodes)
  }

  mutating func commit(_ entry: Made, term: Int = 1, signers: [Int] = [0, 1, 2], at nodes: [Int]) {
    keep(.decision(certificate("confirm", place(entry, term), signers)), at: nodes)
  }

  mutating func decide(_ entry: Made, by nodes: [Int]) {
    for node in nodes {
      judge.decided(Play.collaboration, through: entry.number, head: entry.hash, by: ids[node])
    }
  }

  /// All that decides an entry, by the rules.
  mutating func round(
    _ entry: Made, term: Int = 1, by coordinator: Int = 0, nodes: [Int] = [0, 1, 2, 3], signers: [Int] = [0, 1, 2]
  ) {
    keep(entry, at: nodes)
    propose(entry, term: term, by: coordinator)
    ack(entry, term: term, by: nodes)
    prepare(entry, term: term, signers: signers, at: nodes)
    confirm(entry, term: term, by: nodes)
    commit(entry, term: term, signers: signers, at: nodes)
    decide(entry, by: nodes)
  }

  mutating func preVote(_ term: Int, by nodes: [Int] = [0, 1, 2]) { say("preVote", leaving(term), by: nodes) }

  mutating func promise(_ term: Int, at nodes: [Int]) {
    keep(.ballot(Array(#"{"promised":\#(term),"vote":null}"#.utf8)), at: nodes)
  }

  mutating func choose(_ term: Int, _ candidate: Int, _ position: At, at nodes: [Int]) {
    let vote = #"{"candidate":"\#(hexadecimal(ids[candidate]))","position":\#(position.text)}"#
    keep(.ballot(Array(#"{"promised":\#(term),"vote":\#(vote)}"#.utf8)), at: nodes)
  }

  mutating func vote(_ term: Int, _ candidate: Int, _ position: At, by nodes: [Int]) {
    say("vote", ballot(term, candidate, position), by: nodes)
  }

  mutating func adopt(_ term: Int, _ candidate: Int, _ position: At, signers: [Int] = [0, 1, 2], at nodes: [Int]) {
    keep(.office(certificate("vote", ballot(term, candidate, position), signers)), at: nodes)
  }

  /// All that elects a coordinator, by the rules.
  mutating func elect(_ candidate: Int, in term: Int, at position: At, nodes: [Int] = [0, 1, 2, 3]) {
    preVote(term)
    choose(term, candidate, position, at: [0, 1, 2])
    vote(term, candidate, position, by: [0, 1, 2])
    adopt(term, candidate, position, at: nodes)
  }
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { (($0 < 16) ? "0" : "") + String($0, radix: 16) }.joined()
}

extension Play.Made {
  func at(_ term: Int) -> Play.At { Play.At(term: term, number: number, head: hash) }
}
