internal import Sodium

/// What all collaborations share: the findings, the keys, who is faulty or down, and what was read and verified before.
struct Docket: Sendable {
  private struct Noticed: Hashable {
    let rule: Rule
    let place: Place
  }

  private struct Checked: Hashable {
    let message: Digest
    let author: Voter
    let signature: [UInt8]
  }

  private(set) var findings: [Finding] = []
  /// How often each rule was broken at places of its own, also beyond the findings that are kept.
  private(set) var counts: [Rule: Int] = [:]
  var now = Duration.zero
  var faulty: Set<Digest> = []
  var down: Set<Digest> = []

  private let limit: Int
  private let unchecked: Set<Rule>
  private var noticed: Set<Noticed> = []
  private var keys: [Voter: VerificationKey] = [:]
  private var verified: [Checked: Bool] = [:]
  private var statements: [Digest: Statement] = [:]
  private var certificates: [Digest: Certificate] = [:]
  private var entries: [Digest: Entry] = [:]

  init(limit: Int, unchecked: Set<Rule>) {
    self.limit = limit
    self.unchecked = unchecked
  }

  func isHonest(_ node: Digest) -> Bool { !faulty.contains(node) }

  /// Notes a broken rule once a place, so that a repeated message does not fill the list.
  mutating func note(_ rule: Rule, at place: Place, expected: String, found: String) {
    guard !unchecked.contains(rule), noticed.insert(Noticed(rule: rule, place: place)).inserted else { return }
    counts[rule, default: 0] += 1
    guard findings.count < limit else { return }
    findings.append(
      Finding(
        rule: rule, node: place.node?.hexadecimal, collaboration: place.collaboration?.hexadecimal,
        term: place.term, number: place.number, expected: expected, found: found, time: now))
  }

  /// Whether the bytes are a key.
  mutating func learn(_ key: [UInt8], of voter: Voter) -> Bool {
    guard let key = try? VerificationKey(bytes: key) else { return false }
    return keys.updateValue(key, forKey: voter).map { $0 == key } ?? true
  }

  func knows(_ voter: Voter) -> Bool { keys[voter] != nil }

  mutating func verifies(_ signature: [UInt8], over message: SignedMessage, by author: Voter) -> Bool {
    guard let key = keys[author] else { return false }
    let checked = Checked(message: message.digest, author: author, signature: signature)
    if let known = verified[checked] { return known }
    let holds = (try? Signature(bytes: signature)).map { key.verifies($0, over: message.bytes) } ?? false
    verified[checked] = holds
    return holds
  }

  mutating func statement(_ bytes: [UInt8]) throws(ReadError) -> Statement {
    let digest = Digest(hashing: bytes)
    if let known = statements[digest] { return known }
    let statement = try Statement(bytes)
    statements[digest] = statement
    return statement
  }

  mutating func certificate(_ bytes: [UInt8]) throws(ReadError) -> Certificate {
    let digest = Digest(hashing: bytes)
    if let known = certificates[digest] { return known }
    let certificate = try Certificate(bytes)
    certificates[digest] = certificate
    return certificate
  }

  mutating func entry(_ bytes: [UInt8]) throws(ReadError) -> Entry {
    let digest = Digest(hashing: bytes)
    if let known = entries[digest] { return known }
    let entry = try Entry(bytes)
    entries[digest] = entry
    return entry
  }
}
